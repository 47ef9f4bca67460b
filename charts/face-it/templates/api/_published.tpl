{{- /* Paths that an Ingress or an HTTPRoute publishes. true: only this path; false: also all paths
below it. /metrics and the health checks /ready and /health are never published. */ -}}
{{- define "face-it.published" -}}
/: true
/authenticate: true
/docs: true
/openapi.json: true
/models: true
/page: false
/users: false
{{- end -}}
