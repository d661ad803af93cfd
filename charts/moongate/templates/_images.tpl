{{/*
An image's name with the registry of global.imageRegistry in place of its own, if that is set. As for every container
runtime, what stands before the first slash is a registry when it has a dot or a colon, or is localhost.
Takes {image, root}.
*/}}
{{- define "moongate.fromRegistry" -}}
{{- $registry := .root.Values.global.imageRegistry -}}
{{- if $registry -}}
{{- $first := first (splitList "/" .image) -}}
{{- $rest := .image -}}
{{- if and (contains "/" .image) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) -}}
{{- $rest = trimPrefix (printf "%s/" $first) .image -}}
{{- end -}}
{{- printf "%s/%s" (trimSuffix "/" $registry) $rest -}}
{{- else -}}
{{- .image -}}
{{- end -}}
{{- end -}}

{{/* Moongate's own image: of the Deployment, else of `global.images`, else the one that was published with this chart. */}}
{{- define "moongate.image" -}}
{{- $own := .Values.deployment.envoyGateway.image -}}
{{- $image := .Values.global.images.envoyGateway.image -}}
{{- if or $own.repository (and $own.tag (not $image)) -}}
{{- $image = printf "%s:%s" (default "docker.io/moongate/moongate" $own.repository) (default .Chart.AppVersion $own.tag) -}}
{{- end -}}
{{- $image = default (printf "docker.io/moongate/moongate:%s" .Chart.AppVersion) $image -}}
{{- include "moongate.fromRegistry" (dict "image" $image "root" .) -}}
{{- end -}}

{{/* Envoy's image; empty when it is the one that the controller runs by itself. */}}
{{- define "moongate.envoyImage" -}}
{{- $image := .Values.global.images.envoyProxy.image -}}
{{- if and .Values.global.imageRegistry (not $image) -}}
{{- $image = printf "docker.io/envoyproxy/envoy:%s" (index .Chart.Annotations "moongate/envoy-tag") -}}
{{- end -}}
{{- if $image -}}
{{- include "moongate.fromRegistry" (dict "image" $image "root" .) -}}
{{- end -}}
{{- end -}}

{{- define "moongate.pullPolicy" -}}
{{- default .Values.global.images.envoyGateway.pullPolicy .Values.deployment.envoyGateway.imagePullPolicy | default "IfNotPresent" -}}
{{- end -}}

{{/* The Secrets that the control plane's image is pulled with, as a JSON list. */}}
{{- define "moongate.pullSecrets" -}}
{{- $own := default .Values.global.images.envoyGateway.pullSecrets .Values.deployment.envoyGateway.imagePullSecrets -}}
{{- default $own .Values.global.imagePullSecrets | toJson -}}
{{- end -}}

{{/* The same for Envoy's image. */}}
{{- define "moongate.envoyPullSecrets" -}}
{{- default .Values.global.images.envoyProxy.pullSecrets .Values.global.imagePullSecrets | toJson -}}
{{- end -}}
