import { defaultConfigText } from './default-config.ts';
import type { EndpointPickerConfig } from './endpoint-picker-config.ts';
import { suggestion } from './nearest.ts';
import { clipped } from './place.ts';
import { problemText, readConfig } from './read-config.ts';
import type { Problem } from '../../api/problem.ts';

/** Annotations of InferencePools by which the users of ACK's "Gateway with Inference Extension" say how servers are to be picked. */
export const poolAnnotations = {
  routingStrategy: 'inference.networking.x-k8s.io/routing-strategy',
  queueing: 'inference.networking.x-k8s.io/queueing',
  modelServerRuntime: 'inference.networking.x-k8s.io/model-server-runtime',
  overlay: 'inference.networking.x-k8s.io/epp-overlay',
} as const;

/** What a pool says of its picker. */
export interface PoolPicker {
  /** The pool's own configuration; undefined: it asks for none, and that of the picker counts. */
  readonly config: EndpointPickerConfig | undefined;
  /** The inference engine of servers that do not say theirs; undefined: that of the configuration. */
  readonly engine: string | undefined;
  /** What of it has no effect, and why. The rest has. */
  readonly problems: readonly Problem[];
}

/** The ConfigMap that `epp-overlay` names. */
export interface Overlay {
  readonly data: Readonly<Record<string, string>>;
}

type Annotations = Readonly<Record<string, string>>;

/** The name of the ConfigMap in the pool's namespace that its annotations ask for. */
export function overlayName(annotations: Annotations): string | undefined {
  return annotations[poolAnnotations.overlay]?.trim() || undefined;
}

/** Reads the annotations of a pool. `overlay` undefined: there is no ConfigMap of that name. */
export function poolPicker(annotations: Annotations, overlay: Overlay | undefined): PoolPicker {
  const problems: Problem[] = [];
  const read = <Value>(annotation: string, values: Readonly<Record<string, Value>>): Value | undefined => {
    const written = annotations[annotation]?.trim();
    if (written === undefined) return undefined;
    if (Object.hasOwn(values, written)) return values[written];
    problems.push(problem('error', annotation, `unknown value "${clipped(written)}"${suggestion(written, Object.keys(values))}; known are ${Object.keys(values).join(', ')}`));
    return undefined;
  };
  const strategy = read(poolAnnotations.routingStrategy, strategies);
  const queues = read(poolAnnotations.queueing, switches);
  const engine = read(poolAnnotations.modelServerRuntime, engines);
  const name = overlayName(annotations);
  const own = name === undefined ? undefined : readOverlay(name, overlay, problems);
  for (const [annotation, value] of [[poolAnnotations.routingStrategy, strategy], [poolAnnotations.queueing, queues]] as const) {
    if (own !== undefined && value !== undefined) problems.push(problem('warning', annotation, `has no effect: ConfigMap ${name} says it all`));
  }
  const asked = strategy === undefined && queues === undefined ? undefined : configOf(strategy ?? defaultConfigText, queues === true);
  return { config: own ?? asked, engine, problems };
}

/** By load alone, as is ACK's default. */
const loadText = `apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins:
  - type: queue-scorer
  - type: kv-cache-utilization-scorer
  - type: lora-affinity-scorer
schedulingProfiles:
  - name: default
    plugins:
      - pluginRef: queue-scorer
        weight: 2
      - pluginRef: kv-cache-utilization-scorer
        weight: 2
      - pluginRef: lora-affinity-scorer
        weight: 1
`;

/** Our own default goes by load and by prefixes. */
const strategies = { DEFAULT: loadText, PREFIX_CACHE: defaultConfigText } as const;

/** Whether requests wait with the picker while the pool is full. */
const switches = { enabled: true, disabled: false, true: true, false: false } as const;

/** Engines by the names that ACK and others have for them. */
const engines = {
  'vllm': 'vllm',
  'sglang': 'sglang',
  'trt-llm': 'triton-tensorrt-llm',
  'tensorrt-llm': 'triton-tensorrt-llm',
  'triton-tensorrt-llm': 'triton-tensorrt-llm',
  'trtllm-serve': 'trtllm-serve',
  'triton': 'triton',
} as const;

function problem(severity: Problem['severity'], annotation: string, message: string): Problem {
  return { severity, field: `metadata.annotations[${annotation}]`, message };
}

function configOf(text: string, queues: boolean): EndpointPickerConfig {
  const { config, errors } = readConfig(queues ? `${text}featureGates: [flowControl]\n` : text);
  if (config === undefined) throw new Error(`a configuration of our own is wrong: ${JSON.stringify(errors)}`);
  return config;
}

/** How an EndpointPickerConfig among other things is known, before anybody knows whether it is valid. */
const configKind = /(^|[\s{,"'])kind["']?\s*:\s*["']?EndpointPickerConfig\b/;

/**
 * The EndpointPickerConfig in a ConfigMap, under whatever key. What ACK has in such a ConfigMap, changes to the Deployment, Service and PodDisruptionBudget of a
 * picker for this pool alone, has nothing to change here: one picker serves many pools.
 */
function readOverlay(name: string, overlay: Overlay | undefined, problems: Problem[]): EndpointPickerConfig | undefined {
  const tell = (severity: Problem['severity'], message: string): void => void problems.push(problem(severity, poolAnnotations.overlay, message));
  if (overlay === undefined) {
    tell('error', `ConfigMap ${clipped(name)} does not exist`);
    return undefined;
  }
  const entries = Object.entries(overlay.data);
  const [first, second] = entries.filter(([, text]) => configKind.test(text));
  const others = entries.filter(([, text]) => !configKind.test(text)).map(([key]) => clipped(key));
  if (others.length > 0) tell('warning', `ConfigMap ${clipped(name)}: ${others.join(', ')} ${others.length === 1 ? 'has' : 'have'} no effect: a picker that serves many pools has no Deployment or Service for this one`);
  if (first === undefined) {
    tell('error', `ConfigMap ${clipped(name)} has no EndpointPickerConfig`);
    return undefined;
  }
  if (second !== undefined) {
    tell('error', `ConfigMap ${clipped(name)} has several EndpointPickerConfigs: ${clipped(first[0])}, ${clipped(second[0])}`);
    return undefined;
  }
  const [key, text] = first;
  const { config, errors, warnings } = readConfig(text);
  for (const [severity, list] of [['error', errors], ['warning', warnings]] as const) {
    for (const one of list) tell(severity, `ConfigMap ${clipped(name)} ${clipped(key)}: ${problemText(one)}`);
  }
  return config;
}
