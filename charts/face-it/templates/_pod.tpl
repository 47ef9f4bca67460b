{{- /* Security settings of a pod, as the restricted Pod Security Standard requires them. 1993 is the
images' user. */ -}}
{{- define "face-it.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 1993
  runAsGroup: 1993
  fsGroup: 1993
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- /* Security settings of a container, as the restricted Pod Security Standard requires them. The
standard does not require the read-only root file system. */ -}}
{{- define "face-it.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
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

{{- /* Environment variables that both services have. */ -}}
{{- define "face-it.env" -}}
{{ include "face-it.serviceSettings" . }}
- {name: LOG_FORMAT, value: json}
{{- end -}}

{{- /* Mount of the volume with the token keys. */ -}}
{{- define "face-it.tokenMount" -}}
- {name: token-keys, mountPath: /etc/face-it/token-keys, readOnly: true}
{{- end -}}
