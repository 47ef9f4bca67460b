{{- /* Annotations of a hook that runs before each installation and upgrade. Needs the weight. Argo CD
runs these hooks before each synchronisation. */ -}}
{{- define "face-it.hook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{- /* Spec of a hook's Job. Needs {root, component, name, command}. */ -}}
{{- define "face-it.hookJob" -}}
backoffLimit: 2
activeDeadlineSeconds: 300
template:
  metadata:
    labels: {{- include "face-it.labels" . | nindent 6 }}
  spec:
    restartPolicy: Never
    serviceAccountName: {{ .name }}
    automountServiceAccountToken: true
    enableServiceLinks: false
    {{- include "face-it.podSecurity" .root | nindent 4 }}
    {{- include "face-it.scheduling" (dict "root" .root "values" .root.Values.api "spread" list) | nindent 4 }}
    containers:
      - name: {{ .component }}
        image: {{ include "face-it.image" (dict "root" .root "image" .root.Values.api.image) }}
        imagePullPolicy: {{ .root.Values.api.image.pullPolicy }}
        {{- include "face-it.containerSecurity" .root | nindent 8 }}
        command: {{- toYaml (concat (list "deno" "run" "-q" "--no-prompt" "--frozen" "--cached-only" "-P=keys") .command) | nindent 10 }}
        resources:
          requests: {cpu: 50m, memory: 64Mi}
          limits: {memory: 256Mi}
{{- end -}}

{{- /* Spec of the NetworkPolicy of a hook's pods: they reach only the API server, and DNS when that
is enabled. Needs {root, component}. */ -}}
{{- define "face-it.hookNetwork" -}}
podSelector:
  matchLabels: {{- include "face-it.selector" . | nindent 4 }}
policyTypes: [Ingress, Egress]
ingress: []
egress:
  {{- if .root.Values.networkPolicy.dns.enabled }}
  {{- include "face-it.dnsEgress" .root | nindent 2 }}
  {{- end }}
  {{- include "face-it.apiServerEgress" .root | nindent 2 }}
{{- end -}}
