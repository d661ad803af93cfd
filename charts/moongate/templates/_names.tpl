{{/* The namespace that everything is installed to. */}}
{{- define "moongate.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The value of app.kubernetes.io/name. */}}
{{- define "moongate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/*
The name of the Deployment, the ServiceAccount and the Roles. It does not hold the release's name, so that commands in
guides fit every installation; one namespace holds one installation.
*/}}
{{- define "moongate.fullname" -}}
{{- default .Chart.Name .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of what belongs to the whole cluster: installations in two namespaces do not meet. */}}
{{- define "moongate.clusterName" -}}
{{- printf "%s:%s" (include "moongate.fullname" .) (include "moongate.namespace" .) -}}
{{- end -}}

{{/* Labels that a selector may use, which therefore never change. */}}
{{- define "moongate.selectorLabels" -}}
app.kubernetes.io/name: {{ include "moongate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
control-plane: envoy-gateway
{{- end -}}

{{/* Labels of every object. */}}
{{- define "moongate.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/component: control-plane
app.kubernetes.io/part-of: moongate
{{ include "moongate.selectorLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The name of the endpoint picker's Deployment, Service, account and Roles. */}}
{{- define "moongate.pickerName" -}}
{{- printf "%s-endpoint-picker" (include "moongate.fullname" . | trunc 47) -}}
{{- end -}}

{{- define "moongate.pickerSelectorLabels" -}}
app.kubernetes.io/name: {{ printf "%s-endpoint-picker" (include "moongate.name" . | trunc 47) }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "moongate.pickerLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/component: endpoint-picker
app.kubernetes.io/part-of: moongate
{{ include "moongate.pickerSelectorLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The account that the controller runs as. */}}
{{- define "moongate.serviceAccount" -}}
{{- default (include "moongate.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}
