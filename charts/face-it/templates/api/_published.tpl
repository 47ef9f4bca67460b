{{- /* What is published to others: {path: exact}. Never /metrics, /ready and /health. */ -}}
{{- define "face-it.published" -}}
/: true
/authenticate: true
/docs: true
/openapi.json: true
/page: false
{{- end -}}
