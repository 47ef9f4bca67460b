{{- /* Beginning of every object's name. At most 40 characters. */ -}}
{{- define "face-it.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains "face-it" .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-face-it" (.Release.Name | trunc 32) }}
{{- end -}}
{{- end -}}

{{- /* Name of the objects of the api. */ -}}
{{- define "face-it.api" -}}
{{ include "face-it.fullname" . }}-api
{{- end -}}

{{- /* Host names of the api's Service in the cluster. */ -}}
{{- define "face-it.serviceNames" -}}
{{- $name := include "face-it.api" . -}}
{{- $namespace := .Values.namespaces.api -}}
- {{ $name }}
- {{ $name }}.{{ $namespace }}
- {{ $name }}.{{ $namespace }}.svc
- {{ $name }}.{{ $namespace }}.svc.cluster.local
{{- end -}}

{{- /* Name of the objects of the workers. */ -}}
{{- define "face-it.worker" -}}
{{ include "face-it.fullname" . }}-worker
{{- end -}}

{{- /* Name of the ConfigMap that owns claimed pods. */ -}}
{{- define "face-it.pool" -}}
{{ include "face-it.fullname" . }}-pool
{{- end -}}

{{- /* Name of the Secret with the token keys, in both namespaces. */ -}}
{{- define "face-it.tokenSecret" -}}
{{ .Values.token.existingSecret | default (printf "%s-token-keys" (include "face-it.fullname" .)) }}
{{- end -}}

{{- /* Labels that select the objects of a component. They must never change. Needs {root,
component}. */ -}}
{{- define "face-it.selector" -}}
app.kubernetes.io/name: face-it
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- /* All labels of an object. Needs {root, component}. */ -}}
{{- define "face-it.labels" -}}
{{ include "face-it.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- /* Returns "true" when this release makes the namespace, otherwise nothing. Needs {root, name}.
The chart does not change a namespace that another release or a user made. It does not make the
release's own namespace: Helm does, with --create-namespace. */ -}}
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

{{- /* Label of every worker, free or claimed. */ -}}
{{- define "face-it.workerApp" -}}
app: face-recognition-worker
{{- end -}}

{{- /* Labels of every worker of this release, free or claimed. */ -}}
{{- define "face-it.workers" -}}
{{ include "face-it.workerApp" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* Labels of the free workers of this release. A claim changes the status. */ -}}
{{- define "face-it.freeWorkers" -}}
{{ include "face-it.workers" . }}
status: ready
{{- end -}}

{{- /* Reference of a container image. Needs {root, image}. */ -}}
{{- define "face-it.image" -}}
{{- with .image -}}
{{ with .registry }}{{ . }}/{{ end }}{{ .repository }}:{{ .tag | default $.root.Chart.AppVersion }}{{ with .digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end -}}
