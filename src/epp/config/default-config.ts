import type { EndpointPickerConfig } from './endpoint-picker-config.ts';
import { readConfig } from './read-config.ts';

/** What counts when no configuration is given. */
export const defaultConfigText = `apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins:
  - type: queue-scorer
  - type: kv-cache-utilization-scorer
  - type: prefix-cache-scorer
  - type: metrics-data-source
  - type: core-metrics-extractor
schedulingProfiles:
  - name: default
    plugins:
      - pluginRef: queue-scorer
        weight: 2
      - pluginRef: kv-cache-utilization-scorer
        weight: 2
      - pluginRef: prefix-cache-scorer
        weight: 3
dataLayer:
  sources:
    - pluginRef: metrics-data-source
      extractors:
        - pluginRef: core-metrics-extractor
`;

export function defaultConfig(): EndpointPickerConfig {
  const { config, errors } = readConfig(defaultConfigText);
  if (config === undefined) throw new Error(`the default configuration is wrong: ${JSON.stringify(errors)}`);
  return config;
}
