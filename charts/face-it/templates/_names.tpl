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

{{- /* Name of the Secret with the private token keys, in the api's namespace. */ -}}
{{- define "face-it.privateKeys" -}}
{{ .Values.token.privateKeysSecret | default (printf "%s-token-private" (include "face-it.fullname" .)) }}
{{- end -}}

{{- /* Name of the ConfigMap with the public token keys, in the workers' namespace. */ -}}
{{- define "face-it.publicKeys" -}}
{{ .Values.token.publicKeysConfigMap | default (printf "%s-token-public" (include "face-it.fullname" .)) }}
{{- end -}}

{{- /* Name of the Secret with the checksums of the callers' keys, in the api's namespace. */ -}}
{{- define "face-it.apiKeys" -}}
{{ .Values.api.keysSecret | default (printf "%s-api-keys" (include "face-it.fullname" .)) }}
{{- end -}}

{{- /* Name of the Secret with the key that may do everything, in the api's namespace. */ -}}
{{- define "face-it.adminKey" -}}
{{ include "face-it.fullname" . }}-admin-key
{{- end -}}

{{- /* Name of the Secret with the key of helm test, in the api's namespace. */ -}}
{{- define "face-it.testKey" -}}
{{ include "face-it.fullname" . }}-test-key
{{- end -}}

{{- /* Name of the objects of the hook that makes keys. */ -}}
{{- define "face-it.keys" -}}
{{ include "face-it.fullname" . }}-keys
{{- end -}}

{{- /* Name of the objects of the hook that makes namespaces. */ -}}
{{- define "face-it.namespaces" -}}
{{ include "face-it.fullname" . }}-namespaces
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

{{- /* Returns "true" when a hook makes the namespace, otherwise nothing. Needs {root, name}. A
namespace that exists is not changed. The release's own namespace exists: Helm makes it with
--create-namespace. With pull Secrets both namespaces exist, because the Secrets must be in them. */ -}}
{{- define "face-it.makesNamespace" -}}
{{- if and .root.Values.namespaces.create (not .root.Values.imagePullSecrets) (ne .name .root.Release.Namespace) -}}
{{- if not (lookup "v1" "Namespace" "" .name) -}}
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

{{- /* Label that says who holds the gallery, the gallery service or the workers, and if the workers are
processes of the pod. The api claims only pods of the kind that it can use. During an upgrade from one
kind to the other, both exist. It is one label, because an api of an earlier version knows this one. */ -}}
{{- define "face-it.workerKind" -}}
face-it.io/gallery: {{ ternary "service" "workers" (include "face-it.hasGalleryService" . | not | not) }}{{ if eq .Values.isolation "process" }}-process{{ end }}
{{- end -}}

{{- /* Labels of the free workers of this release. A claim changes the status. */ -}}
{{- define "face-it.freeWorkers" -}}
{{ include "face-it.workers" . }}
{{ include "face-it.workerKind" . }}
status: ready
{{- end -}}

{{- /* Reference of a container image. Needs {root, image}. */ -}}
{{- define "face-it.image" -}}
{{- with .image -}}
{{ with .registry }}{{ . }}/{{ end }}{{ .repository }}:{{ .tag | default $.root.Chart.AppVersion }}{{ with .digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end -}}
