{{- /* Path of the gallery in the container: a file, or a folder of files. */ -}}
{{- define "face-it.galleryPath" -}}
{{- with .Values.gallery -}}
{{- if gt (len .secrets) 1 -}}
/etc/embeddings
{{- else if .secrets -}}
/etc/embeddings/{{ first .secrets }}.json
{{- else if .persistentVolumeClaim.name -}}
/etc/embeddings{{ with .persistentVolumeClaim.path }}/{{ . }}{{ end }}
{{- else -}}
/etc/embeddings/gallery.json
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Name of the Secret with gallery.json. A new content has a new name, so that it reaches workers
only by a rollout. A rollout waits until a new worker is ready: a broken gallery never replaces a good
one. */ -}}
{{- define "face-it.gallerySecret" -}}
{{ include "face-it.fullname" . }}-gallery-{{ .Values.gallery.json | sha256sum | trunc 10 }}
{{- end -}}

{{- /* Files of a volume: the gallery file of each Secret. Needs {root, secrets}. */ -}}
{{- define "face-it.gallerySources" -}}
{{- range .secrets }}
# Each file has its own name. If two files had the same name, the second would hide the first.
- secret:
    name: {{ . }}
    items: [{key: {{ $.root.Values.gallery.key | quote }}, path: {{ printf "%s.json" . | quote }}}]
{{- end }}
{{- end -}}

{{- /* Volume with the gallery. */ -}}
{{- define "face-it.galleryVolume" -}}
- name: gallery
{{- with .Values.gallery }}
  {{- if .secrets }}
  projected:
    defaultMode: 0440
    sources: {{- include "face-it.gallerySources" (dict "root" $ "secrets" .secrets) | nindent 6 }}
  {{- else if .persistentVolumeClaim.name }}
  persistentVolumeClaim: {claimName: {{ .persistentVolumeClaim.name }}, readOnly: true}
  {{- else }}
  secret: {secretName: {{ include "face-it.gallerySecret" $ }}, defaultMode: 0440}
  {{- end }}
{{- end }}
{{- end -}}

{{- /* Checksum of the gallery. When it changes, the workers are replaced. It covers gallery.json and,
when gallery.revision is empty, the Secrets. */ -}}
{{- define "face-it.galleryChecksum" -}}
{{- $seen := list .Values.gallery.json -}}
{{- if not .Values.gallery.revision -}}
{{- range $name := .Values.gallery.secrets -}}
{{- $secret := lookup "v1" "Secret" $.Values.namespaces.worker $name -}}
{{- $seen = append $seen (dig "data" $.Values.gallery.key "" $secret) -}}
{{- end -}}
{{- end -}}
{{ $seen | toJson | sha256sum }}
{{- end -}}
