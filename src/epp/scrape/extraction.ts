import { ENGINES, engineOf, type Engine } from './engines.ts';
import { parseMetricSpec } from './metric-spec.ts';
import type { MetricSpec } from './metric-spec.ts';
import { MetricsReader } from './metrics-reader.ts';
import { Parameters } from './parameters.ts';

const ENGINE_LABEL = 'llm-d.ai/engine-type';
/** Its name before. */
const LEGACY_ENGINE_LABEL = 'inference.networking.k8s.io/engine-type';
const DEFAULT_ENGINE = 'vllm';

/** Names of an engine's metrics in the configuration. */
const ENGINE_FIELDS = {
  name: 'name',
  waiting: 'queuedRequestsSpec',
  running: 'runningRequestsSpec',
  kvUsage: 'kvUsageSpec',
  lora: 'loraSpec',
  cacheInfo: 'cacheInfoSpec',
  blockSizeLabel: 'cacheBlockSizeLabelName',
  blocksLabel: 'cacheNumBlocksLabelName',
  blockSize: 'cacheBlockSizeSpec',
  blocks: 'cacheNumBlocksSpec',
} as const;

type EnginePart = keyof typeof ENGINE_FIELDS;

/** Which engine a server runs, and how its metrics are read: the parameters of `core-metrics-extractor`. */
export class Extraction {
  readonly #label: string;
  readonly #defaultEngine: string;
  readonly #readers: ReadonlyMap<string, MetricsReader>;

  constructor({ label, defaultEngine, engines }: { readonly label: string; readonly defaultEngine: string; readonly engines: readonly Engine[] }) {
    this.#label = label;
    this.#defaultEngine = defaultEngine;
    this.#readers = new Map(engines.map((engine) => [engine.name, new MetricsReader(engine)]));
  }

  /** The reader for a server with these labels; a sentence when its label names no engine. */
  readerFor(labels: Readonly<Record<string, string>>): MetricsReader | string {
    const label = [this.#label, LEGACY_ENGINE_LABEL].find((name) => (labels[name] ?? '') !== '');
    const name = label === undefined ? this.#defaultEngine : (labels[label] ?? '');
    return this.#readers.get(name) ?? `its label ${label} says ${JSON.stringify(name)}; known engines are ${[...this.#readers.keys()].join(', ')}`;
  }
}

/**
 * Decodes the parameters of `core-metrics-extractor`: undefined for none. An engine of a known name takes the place of ours as a whole. Throws with a sentence
 * that begins with the field.
 */
export function decodeExtraction(value: unknown, field = 'parameters'): Extraction {
  const parameters = new Parameters(value, field, ['engineLabelKey', 'defaultEngine', 'engineConfigs']);
  const own = parameters.list('engineConfigs').map(([item, at]) => decodeEngine(item, at));
  const names = own.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`${parameters.at('engineConfigs')}: there are two engines ${JSON.stringify(twice)}`);
  const engines = [...own, ...ENGINES.filter(({ name }) => !names.includes(name))];
  const defaultEngine = parameters.text('defaultEngine') || DEFAULT_ENGINE;
  if (!engines.some(({ name }) => name === defaultEngine)) {
    throw new Error(`${parameters.at('defaultEngine')}: there is no engine ${JSON.stringify(defaultEngine)}; known are ${engines.map(({ name }) => name).join(', ')}`);
  }
  return new Extraction({ label: parameters.text('engineLabelKey') || ENGINE_LABEL, defaultEngine, engines });
}

function decodeEngine(value: unknown, field: string): Engine {
  const parts = Object.keys(ENGINE_FIELDS) as EnginePart[];
  const parameters = new Parameters(value, field, [...Object.values(ENGINE_FIELDS), 'customMetrics']);
  const names = Object.fromEntries(parts.map((part) => [part, parameters.text(ENGINE_FIELDS[part])])) as Record<EnginePart, string>;
  if (names.name === '') throw new Error(`${parameters.at('name')}: must not be empty`);
  // Upstream keeps that name for the default.
  if (names.name === 'default') throw new Error(`${parameters.at('name')}: "default" is no name for an engine; see defaultEngine`);
  const custom = new Map<string, MetricSpec>();
  for (const [item, at] of parameters.list('customMetrics')) {
    const metric = new Parameters(item, at, ['attributeKey', 'metricSpec']);
    const attribute = metric.text('attributeKey');
    if (attribute === '') throw new Error(`${metric.at('attributeKey')}: must not be empty`);
    if (custom.has(attribute)) throw new Error(`${metric.at('attributeKey')}: ${JSON.stringify(attribute)} is there twice`);
    custom.set(attribute, parseMetricSpec(metric.text('metricSpec'), metric.at('metricSpec')));
  }
  return engineOf(names, custom, (part) => parameters.at(ENGINE_FIELDS[part]));
}
