{{/*
The spec of the EnvoyProxy that this chart's GatewayClasses refer to: config.envoyGateway.envoyProxy, with what
global.images.envoyProxy says of pulling. Empty when there is nothing to say.
*/}}
{{- define "moongate.envoyProxyDefaults" -}}
{{- $deployment := dict -}}
{{- with include "moongate.envoyPullSecrets" . | fromJsonArray -}}
{{- $_ := set $deployment "pod" (dict "imagePullSecrets" .) -}}
{{- end -}}
{{- with .Values.global.images.envoyProxy.pullPolicy -}}
{{- $container := dict "name" "envoy" "imagePullPolicy" . -}}
{{- $patch := dict "spec" (dict "template" (dict "spec" (dict "containers" (list $container)))) -}}
{{- $_ := set $deployment "patch" (dict "type" "StrategicMerge" "value" $patch) -}}
{{- end -}}
{{- $spec := deepCopy (default dict .Values.config.envoyGateway.envoyProxy) -}}
{{- if $deployment -}}
{{- $spec = mergeOverwrite (dict "provider" (dict "type" "Kubernetes" "kubernetes" (dict "envoyDeployment" $deployment))) $spec -}}
{{- end -}}
{{- if $spec -}}
{{- toYaml $spec -}}
{{- end -}}
{{- end -}}
