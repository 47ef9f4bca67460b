{{- /* Security settings of a pod. A null from a values file would replace what the platform sets. */ -}}
{{- define "face-it.podSecurity" -}}
securityContext: {{- include "face-it.withoutNull" .Values.podSecurityContext | nindent 2 }}
{{- end -}}

{{- /* Security settings of a container. */ -}}
{{- define "face-it.containerSecurity" -}}
securityContext: {{- include "face-it.withoutNull" .Values.containerSecurityContext | nindent 2 }}
{{- end -}}

{{- /* The fields of a map in YAML, except for those that are null. */ -}}
{{- define "face-it.withoutNull" -}}
{{- $kept := dict -}}
{{- range $name, $value := . }}{{ if not (kindIs "invalid" $value) }}{{ $kept = set $kept $name $value }}{{ end }}{{ end -}}
{{ toYaml $kept }}
{{- end -}}

{{- /* Scheduling of a pod, and its pull Secrets. Needs {root, values, spread}. spread is the default of
topologySpreadConstraints. */ -}}
{{- define "face-it.scheduling" -}}
{{- with .values -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints: {{- .topologySpreadConstraints | default $.spread | toYaml | nindent 2 }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- /* Rules that spread the replicas of a component over nodes and zones, as far as possible. Needs
{root, component}. */ -}}
{{- define "face-it.spread" -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {{- include "face-it.selector" $ | nindent 6 }}
{{- end }}
{{- end -}}

{{- /* Environment variables that the api and the workers have. */ -}}
{{- define "face-it.env" -}}
{{ include "face-it.serviceSettings" . }}
- {name: LOG_FORMAT, value: json}
{{- end -}}

{{- /* Volume with the public token keys. */ -}}
{{- define "face-it.publicKeysVolume" -}}
- name: token-keys
  configMap:
    name: {{ include "face-it.publicKeys" . }}
    defaultMode: 0440
    items: [{key: public.pem, path: public.pem}]
{{- end -}}

{{- /* Mount of the volume with the token keys. */ -}}
{{- define "face-it.tokenMount" -}}
- {name: token-keys, mountPath: /etc/face-it/token-keys, readOnly: true}
{{- end -}}
