{{- /* Egress rules of pods that call the API server, and no workers. */ -}}
{{- define "face-it.apiServerEgress" -}}
{{- with .Values.networkPolicy.dns -}}
{{- if .enabled -}}
# DNS, for the name of the API server.
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
  {{- if .namespace }}
  to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ .namespace }}}
      podSelector:
        matchLabels: {{- toYaml .podLabels | nindent 10 }}
  {{- end }}
{{ end -}}
{{- end -}}
# The API server.
- ports:
    {{- range .Values.networkPolicy.apiServerPorts }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with .Values.networkPolicy.apiServerCIDRs }}
  to:
    {{- range . }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
  {{- end }}
{{- end -}}
