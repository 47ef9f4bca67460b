{{- /* Egress rule of pods that need names. */ -}}
{{- define "face-it.dnsEgress" -}}
# DNS.
- ports:
    {{- range .Values.networkPolicy.dns.ports }}
    - {port: {{ . }}, protocol: UDP}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with .Values.networkPolicy.dns }}
  {{- if .namespace }}
  to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ .namespace }}}
      podSelector:
        matchLabels: {{- toYaml .podLabels | nindent 10 }}
  {{- end }}
  {{- end }}
{{- end -}}

{{- /* Egress rule of pods that call the API server. */ -}}
{{- define "face-it.apiServerEgress" -}}
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
