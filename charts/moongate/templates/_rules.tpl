{{/*
What the controller may do, by purpose. No rule has a wildcard. Of what users write only the status is ever patched.
What it makes itself is created and patched by server-side apply, and updated where that cannot change a field.
*/}}

{{/* Kinds that belong to the whole cluster. */}}
{{- define "moongate.rules.cluster" -}}
- apiGroups: ['']
  resources: [namespaces, nodes]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses/status]
  verbs: [patch]
- apiGroups: [certificates.k8s.io]
  resources: [clustertrustbundles]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [xmeshes]
  verbs: [get, list, watch]
{{- end -}}

{{/* Namespaced kinds that are translated. */}}
{{- define "moongate.rules.read" -}}
- apiGroups: ['']
  resources: [configmaps, secrets, services]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources:
    - backendtlspolicies
    - gateways
    - grpcroutes
    - httproutes
    - listenersets
    - referencegrants
    - tcproutes
    - tlsroutes
    - udproutes
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [inferencemodels, inferencepools, xbackends, xbackendtrafficpolicies, xlistenersets, xtelemetrypolicies]
  verbs: [get, list, watch]
- apiGroups: [gateway.envoyproxy.io]
  resources:
    - backends
    - backendtrafficpolicies
    - clienttrafficpolicies
    - envoyextensionpolicies
    - envoypatchpolicies
    - envoyproxies
    - httproutefilters
    - securitypolicies
  verbs: [get, list, watch]
- apiGroups: [multicluster.x-k8s.io]
  resources: [serviceimports]
  verbs: [get, list, watch]
- apiGroups: [inference.networking.k8s.io]
  resources: [inferencepools]
  verbs: [get, list, watch]
- apiGroups: [inference.networking.x-k8s.io]
  resources: [inferencemodelrewrites, inferencemodels, inferenceobjectives, inferencepoolimports, inferencepools]
  verbs: [get, list, watch]
- apiGroups: [llm-d.ai]
  resources: [inferencemodelrewrites, inferenceobjectives]
  verbs: [get, list, watch]
{{- end -}}

{{/* Services by which Kubernetes lists the Pods that an InferencePool or an XBackend selects. */}}
{{- define "moongate.rules.selectors" -}}
- apiGroups: ['']
  resources: [services]
  verbs: [create, patch, delete]
{{- end -}}

{{/* Model servers of InferencePools that have a deployment. */}}
{{- define "moongate.rules.modelServers" -}}
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, create, patch]
{{- end -}}

{{/* Their statuses. */}}
{{- define "moongate.rules.status" -}}
- apiGroups: [gateway.networking.k8s.io]
  resources:
    - backendtlspolicies/status
    - gateways/status
    - grpcroutes/status
    - httproutes/status
    - listenersets/status
    - tcproutes/status
    - tlsroutes/status
    - udproutes/status
  verbs: [patch]
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [xbackends/status, xbackendtrafficpolicies/status, xlistenersets/status, xtelemetrypolicies/status]
  verbs: [patch]
- apiGroups: [gateway.envoyproxy.io]
  resources:
    - backends/status
    - backendtrafficpolicies/status
    - clienttrafficpolicies/status
    - envoyextensionpolicies/status
    - envoypatchpolicies/status
    - envoyproxies/status
    - securitypolicies/status
  verbs: [patch]
- apiGroups: [gateway.networking.x-k8s.io, inference.networking.k8s.io, inference.networking.x-k8s.io]
  resources: [inferencepools/status]
  verbs: [patch]
- apiGroups: [inference.networking.x-k8s.io, llm-d.ai]
  resources: [inferencemodelrewrites/status, inferenceobjectives/status]
  verbs: [patch]
- apiGroups: [gateway.networking.x-k8s.io, inference.networking.x-k8s.io]
  resources: [inferencemodels/status]
  verbs: [patch]
{{- end -}}

{{/* What the endpoint picker reads: pools, and who belongs to them. */}}
{{- define "moongate.rules.picker" -}}
- apiGroups: ['']
  resources: [pods]
  verbs: [get, list, watch]
- apiGroups: [inference.networking.k8s.io]
  resources: [inferencepools]
  verbs: [get, list, watch]
- apiGroups: [inference.networking.x-k8s.io]
  resources: [inferencemodelrewrites, inferencemodels, inferenceobjectives, inferencepools]
  verbs: [get, list, watch]
- apiGroups: [llm-d.ai]
  resources: [inferencemodelrewrites, inferenceobjectives]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [inferencemodels, inferencepools]
  verbs: [get, list, watch]
{{- end -}}

{{/* What a proxy consists of. */}}
{{- define "moongate.rules.proxies" -}}
- apiGroups: ['']
  resources: [configmaps, serviceaccounts, services]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [apps]
  resources: [daemonsets, deployments]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, update, patch, delete]
{{- end -}}

{{/* Certificates: those of proxies, and the authority's, which is in the controller's namespace. */}}
{{- define "moongate.rules.certificates" -}}
- apiGroups: ['']
  resources: [secrets]
  verbs: [get, list, watch, create, update, delete]
{{- end -}}

{{/* What replicas share: the Lease by which they agree on who writes, and what proxies have refused. */}}
{{- define "moongate.rules.shared" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, create, update]
- apiGroups: ['']
  resources: [configmaps]
  resourceNames: [moongate-rejections]
  verbs: [get, list, watch, patch]
- apiGroups: ['']
  resources: [configmaps]
  verbs: [create]
{{- end -}}

{{/* A ClusterRole, or with a namespace a Role, and its binding. Takes {root, name, rules: names of the above} and maybe
{namespace}, {account} and {labels: the name of the labels, where they are not the controller's}. */}}
{{- define "moongate.grant" -}}
{{- $kind := ternary "Role" "ClusterRole" (hasKey . "namespace") -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ .name | quote }}
  {{- with .namespace }}
  namespace: {{ . | quote }}
  {{- end }}
  labels:
    {{- include (default "moongate.labels" .labels) .root | nindent 4 }}
rules:
  {{- range .rules }}
  {{- include . $.root | nindent 2 }}
  {{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ .name | quote }}
  {{- with .namespace }}
  namespace: {{ . | quote }}
  {{- end }}
  labels:
    {{- include (default "moongate.labels" .labels) .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ .name | quote }}
subjects:
  - kind: ServiceAccount
    name: {{ default (include "moongate.serviceAccount" .root) .account | quote }}
    namespace: {{ include "moongate.namespace" .root | quote }}
{{- end -}}
