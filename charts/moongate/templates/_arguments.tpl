{{/* A LabelSelector as kubectl takes it: `a=b,c in (d,e),!f`. */}}
{{- define "moongate.selectorText" -}}
{{- $terms := list -}}
{{- range $key, $value := .matchLabels -}}
{{- $terms = append $terms (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- range .matchExpressions -}}
{{- if eq .operator "In" -}}
{{- $terms = append $terms (printf "%s in (%s)" .key (join "," .values)) -}}
{{- else if eq .operator "NotIn" -}}
{{- $terms = append $terms (printf "%s notin (%s)" .key (join "," .values)) -}}
{{- else if eq .operator "Exists" -}}
{{- $terms = append $terms .key -}}
{{- else -}}
{{- $terms = append $terms (printf "!%s" .key) -}}
{{- end -}}
{{- end -}}
{{- join "," $terms -}}
{{- end -}}

{{/* The namespaces that are watched, as a JSON list; empty for all. */}}
{{- define "moongate.watchedNamespaces" -}}
{{- $watch := default dict .Values.config.envoyGateway.provider.kubernetes.watch -}}
{{- if eq (default "Namespaces" $watch.type) "Namespaces" -}}
{{- default list $watch.namespaces | uniq | toJson -}}
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/* What the controller is told, one argument a line. Durations and names are checked by the controller itself. */}}
{{- define "moongate.arguments" -}}
{{- $config := .Values.config.envoyGateway -}}
{{- $kubernetes := $config.provider.kubernetes -}}
{{- $watch := default dict $kubernetes.watch -}}
{{- $election := default dict $kubernetes.leaderElection -}}
- controller
{{- range prepend .Values.config.controllerNames $config.gateway.controllerName | compact | uniq }}
- {{ printf "--controller-name=%s" . | quote }}
{{- end }}
- {{ printf "--deploy=%s" (include "moongate.deploy" .) | quote }}
- {{ printf "--xds-host=%s.%s.svc" .Values.service.name (include "moongate.namespace" .) | quote }}
- {{ printf "--cluster-domain=%s" .Values.kubernetesClusterDomain | quote }}
- {{ printf "--helper-image=%s" (include "moongate.image" .) | quote }}
{{- if .Values.endpointPicker.enabled }}
- {{ printf "--endpoint-picker=%s:9002" (include "moongate.pickerName" .) | quote }}
{{- end }}
{{- with include "moongate.envoyImage" . }}
- {{ printf "--envoy-image=%s" . | quote }}
{{- end }}
{{- range include "moongate.watchedNamespaces" . | fromJsonArray }}
- {{ printf "--watch-namespace=%s" . | quote }}
{{- end }}
{{- if eq (default "Namespaces" $watch.type) "NamespaceSelector" }}
- {{ printf "--watch-namespace-selector=%s" (include "moongate.selectorText" $watch.namespaceSelector) | quote }}
{{- end }}
{{- if $election.disable }}
- --no-leader-election
{{- end }}
{{- range $flag, $value := dict "lease-duration" $election.leaseDuration "renew-deadline" $election.renewDeadline "retry-period" $election.retryPeriod }}
{{- with $value }}
- {{ printf "--%s=%s" $flag . | quote }}
{{- end }}
{{- end }}
- {{ printf "--log-level=%s" $config.logging.level.default | quote }}
- {{ printf "--log-format=%s" (lower $config.logging.encoder) | quote }}
{{- range .Values.deployment.envoyGateway.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{/* Where proxies live: ControllerNamespace or GatewayNamespace. */}}
{{- define "moongate.deploy" -}}
{{- $deploy := default dict .Values.config.envoyGateway.provider.kubernetes.deploy -}}
{{- default "ControllerNamespace" $deploy.type -}}
{{- end -}}
