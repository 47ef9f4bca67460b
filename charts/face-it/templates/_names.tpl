{{- define "face-it.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains "face-it" .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-face-it" (.Release.Name | trunc 32) }}
{{- end -}}
{{- end -}}

{{- define "face-it.api" -}}
{{ include "face-it.fullname" . }}-api
{{- end -}}

{{- define "face-it.worker" -}}
{{ include "face-it.fullname" . }}-worker
{{- end -}}

{{- define "face-it.pool" -}}
{{ include "face-it.fullname" . }}-pool
{{- end -}}

{{- define "face-it.tokenSecret" -}}
{{ .Values.token.existingSecret | default (printf "%s-token-keys" (include "face-it.fullname" .)) }}
{{- end -}}

{{- /* Labels that never change, by component: {root, component}. */ -}}
{{- define "face-it.selector" -}}
app.kubernetes.io/name: face-it
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- /* Labels of an object: {root, component}. */ -}}
{{- define "face-it.labels" -}}
{{ include "face-it.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- /* "true" if this release makes the namespace: {root, name}. One that somebody else has made stays
theirs, and Helm makes that of the release itself, with --create-namespace. */ -}}
{{- define "face-it.makesNamespace" -}}
{{- if .root.Values.namespaces.create -}}
{{- $present := lookup "v1" "Namespace" "" .name -}}
{{- $annotations := dig "metadata" "annotations" dict $present -}}
{{- $release := .root.Release -}}
{{- if and (eq $release.Name (get $annotations "meta.helm.sh/release-name")) (eq $release.Namespace (get $annotations "meta.helm.sh/release-namespace")) -}}
true
{{- else if not (or $present (eq .name $release.Namespace)) -}}
true
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The label that makes a pod a worker, free or claimed. */ -}}
{{- define "face-it.workerApp" -}}
app: face-recognition-worker
{{- end -}}

{{- /* Labels of this release's workers, free or claimed. */ -}}
{{- define "face-it.workers" -}}
{{ include "face-it.workerApp" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* Labels of those that are free: a claim changes the status. */ -}}
{{- define "face-it.freeWorkers" -}}
{{ include "face-it.workers" . }}
status: ready
{{- end -}}

{{- /* A pod image: {root, image}. */ -}}
{{- define "face-it.image" -}}
{{- with .image -}}
{{ with .registry }}{{ . }}/{{ end }}{{ .repository }}:{{ .tag | default $.root.Chart.AppVersion }}{{ with .digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end -}}
