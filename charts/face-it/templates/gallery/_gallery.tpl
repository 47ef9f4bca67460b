{{- /* Returns "true" when the gallery service holds the gallery, otherwise nothing: each worker then
holds it. */ -}}
{{- define "face-it.hasGalleryService" -}}
{{- with .Values.gallery -}}
{{- if not (or .secrets .persistentVolumeClaim.name .json) -}}
true
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Name of the objects of the gallery service. */ -}}
{{- define "face-it.gallery" -}}
{{ include "face-it.fullname" . }}-gallery
{{- end -}}

{{- /* Name of the Secret with the keys that encrypt templates, in the workers' namespace. */ -}}
{{- define "face-it.templateKeys" -}}
{{ .Values.gallery.templateKeysSecret | default (printf "%s-template-keys" (include "face-it.fullname" .)) }}
{{- end -}}

{{- /* Variables that open the store. */ -}}
{{- define "face-it.storeEnv" -}}
- {name: TEMPLATE_KEYS_PATH, value: /etc/face-it/template-keys/template-keys}
{{- with .Values.gallery.postgres }}
{{- if .secret }}
- name: GALLERY_STORE
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key | quote }}}}
{{- else }}
# A folder of its own: the first folder of the volume may belong to root.
- {name: GALLERY_STORE, value: /data/gallery}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Mounts that the store needs. */ -}}
{{- define "face-it.storeMounts" -}}
- {name: template-keys, mountPath: /etc/face-it/template-keys, readOnly: true}
{{- if not .Values.gallery.postgres.secret }}
- {name: data, mountPath: /data}
{{- end }}
{{- end -}}

{{- /* Pod template of the gallery service, of a StatefulSet or a Deployment. */ -}}
{{- define "face-it.galleryPod" -}}
{{- $component := dict "root" . "component" "gallery-service" -}}
metadata:
  labels: {{- include "face-it.labels" $component | nindent 4 }}
  {{- with .Values.gallery.podAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "face-it.gallery" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  # After SIGTERM the service still answers for 2 s, and then ends within 10 s.
  terminationGracePeriodSeconds: 15
  {{- include "face-it.podSecurity" . | nindent 2 }}
  {{- include "face-it.scheduling" (dict "root" . "values" .Values.gallery "spread" (include "face-it.spread" $component | fromYamlArray)) | nindent 2 }}
  {{- with .Values.gallery.importSecrets }}
  initContainers:
    - name: import
      image: {{ include "face-it.image" (dict "root" $ "image" $.Values.gallery.image) }}
      imagePullPolicy: {{ $.Values.gallery.image.pullPolicy }}
      {{- include "face-it.containerSecurity" $ | nindent 6 }}
      command:
        - gallery
        - import
        {{- range . }}
        - /etc/face-it/imports/{{ . }}.json
        {{- end }}
      env:
        {{- include "face-it.storeEnv" $ | nindent 8 }}
        - {name: REQUIRE_CONSENT, value: {{ $.Values.gallery.requireConsent | toJson | quote }}}
      resources: {{- toYaml $.Values.gallery.resources | nindent 8 }}
      volumeMounts:
        {{- include "face-it.storeMounts" $ | nindent 8 }}
        - {name: imports, mountPath: /etc/face-it/imports, readOnly: true}
  {{- end }}
  containers:
    - name: gallery
      image: {{ include "face-it.image" (dict "root" . "image" .Values.gallery.image) }}
      imagePullPolicy: {{ .Values.gallery.image.pullPolicy }}
      {{- include "face-it.containerSecurity" . | nindent 6 }}
      env:
        {{- include "face-it.gallerySettings" . | nindent 8 }}
        {{- include "face-it.matchSettings" . | nindent 8 }}
        {{- include "face-it.policySettings" . | nindent 8 }}
        {{- $livenessThreshold := float64 .Values.livenessThreshold }}
        {{- if gt $livenessThreshold 0.0 }}
        - {name: LIVENESS_THRESHOLD, value: {{ $livenessThreshold | toJson | quote }}}
        {{- end }}
        - {name: LOG_FORMAT, value: json}
        - {name: GALLERY_TOKEN_PUBLIC_KEYS_PATH, value: /etc/face-it/token-keys/public.pem}
        {{- include "face-it.storeEnv" . | nindent 8 }}
        {{- with .Values.models.calibration }}
        - {name: MODEL_CALIBRATION, value: {{ printf "/etc/face-it/models/%s" . | quote }}}
        {{- end }}
      ports:
        - {name: http, containerPort: 8080}
      readinessProbe:
        httpGet: {path: /ready, port: http}
        periodSeconds: 1
        timeoutSeconds: 2
      livenessProbe:
        httpGet: {path: /health, port: http}
        timeoutSeconds: 5
        failureThreshold: 6
      resources: {{- toYaml .Values.gallery.resources | nindent 8 }}
      volumeMounts:
        {{- include "face-it.tokenMount" . | nindent 8 }}
        {{- include "face-it.storeMounts" . | nindent 8 }}
        {{- if .Values.models.calibration }}
        - {name: models, mountPath: /etc/face-it/models, readOnly: true}
        {{- end }}
  volumes:
    {{- include "face-it.publicKeysVolume" . | nindent 4 }}
    - name: template-keys
      secret:
        secretName: {{ include "face-it.templateKeys" . }}
        defaultMode: 0440
        items: [{key: template-keys, path: template-keys}]
    {{- with .Values.gallery.importSecrets }}
    - name: imports
      projected:
        defaultMode: 0440
        sources: {{- include "face-it.gallerySources" (dict "root" $ "secrets" .) | nindent 10 }}
    {{- end }}
    {{- if .Values.models.calibration }}
    - name: models
      persistentVolumeClaim: {claimName: {{ .Values.models.persistentVolumeClaim }}, readOnly: true}
    {{- end }}
{{- end -}}
