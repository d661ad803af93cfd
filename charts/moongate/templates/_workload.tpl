{{/*
The Deployment (or DaemonSet) of the control plane. Takes {root, pool}: where pools are named there is one for each,
called after it and bound to its nodes, so that every pool keeps a replica while it is cut off from the others.
*/}}
{{- define "moongate.workload" -}}
{{- $root := .root -}}
{{- $values := .root.Values.deployment -}}
{{- $name := include "moongate.fullname" .root -}}
{{- $nodeSelector := default dict $values.pod.nodeSelector -}}
{{- if .pool -}}
{{- $name = printf "%s-%s" $name (.pool | lower | replace "_" "-" | replace "." "-") | trunc 63 | trimSuffix "-" -}}
{{- $nodeSelector = merge (dict $values.nodePools.label .pool) $nodeSelector -}}
{{- end -}}
apiVersion: apps/v1
kind: {{ $values.kind }}
metadata:
  name: {{ $name | quote }}
  namespace: {{ include "moongate.namespace" .root | quote }}
  {{- with $values.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  labels:
    {{- include "moongate.labels" .root | nindent 4 }}
spec:
  {{- if and (eq $values.kind "Deployment") (not .root.Values.hpa.enabled) }}
  replicas: {{ $values.replicas }}
  {{- end }}
  {{- if eq $values.kind "Deployment" }}
  strategy:
    {{- default (dict "type" "RollingUpdate" "rollingUpdate" (dict "maxUnavailable" 0 "maxSurge" 1)) $values.envoyGateway.strategy | toYaml | nindent 4 }}
  {{- else }}
  updateStrategy:
    {{- default (dict "type" "RollingUpdate" "rollingUpdate" (dict "maxUnavailable" 0 "maxSurge" 1)) $values.envoyGateway.strategy | toYaml | nindent 4 }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "moongate.selectorLabels" .root | nindent 6 }}
      {{- with .pool }}
      node-pool: {{ . | quote }}
      {{- end }}
  template:
    metadata:
      {{- with $values.pod.annotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      labels:
        {{- include "moongate.selectorLabels" .root | nindent 8 }}
        {{- with .pool }}
        node-pool: {{ . | quote }}
        {{- end }}
        {{- with $values.pod.labels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "moongate.serviceAccount" .root | quote }}
      automountServiceAccountToken: true
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ $values.pod.terminationGracePeriodSeconds }}
      {{- with $values.priorityClassName }}
      priorityClassName: {{ . | quote }}
      {{- end }}
      {{- with include "moongate.pullSecrets" .root | fromJsonArray }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.pod.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.pod.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.pod.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if eq $values.kind "Deployment" }}
      topologySpreadConstraints:
        {{- range default (list (dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway")) $values.pod.topologySpreadConstraints }}
        {{- $constraint := deepCopy . }}
        {{- if not .labelSelector }}
        {{- $_ := set $constraint "labelSelector" (dict "matchLabels" (include "moongate.selectorLabels" $root | fromYaml)) }}
        {{- end }}
        - {{- toYaml $constraint | nindent 10 }}
        {{- end }}
      {{- end }}
      containers:
        - name: moongate
          image: {{ include "moongate.image" .root | quote }}
          imagePullPolicy: {{ include "moongate.pullPolicy" .root }}
          args:
            {{- include "moongate.arguments" .root | nindent 12 }}
          env:
            - name: POD_NAMESPACE
              valueFrom:
                fieldRef:
                  fieldPath: metadata.namespace
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            {{- with $values.envoyGateway.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - name: grpc
              containerPort: 18000
            - name: health
              containerPort: 8081
            - name: metrics
              containerPort: 19001
          {{- range $probe := list "startupProbe" "livenessProbe" "readinessProbe" }}
          {{- with index $values.envoyGateway $probe }}
          {{ $probe }}:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- end }}
          {{- with $values.envoyGateway.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with $values.envoyGateway.securityContext }}
          securityContext:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with $values.pod.extraVolumeMounts }}
          volumeMounts:
            {{- toYaml . | nindent 12 }}
          {{- end }}
      {{- with $values.pod.extraVolumes }}
      volumes:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}
