import { noLoras, type LoraMetrics, type ServerMetrics } from '../endpoints/endpoint.ts';
import type { Engine } from './engines.ts';
import { ExpositionScanner, type Series } from './exposition.ts';
import type { MetricSpec } from './metric-spec.ts';

/** Names of adapters beyond this number are left out. */
const MAX_ADAPTERS = 10_000;

/** What is gathered while an answer is scanned. */
interface Draft {
  found: number;
  waiting: number;
  running: number;
  kvSum: number;
  kvCount: number;
  blockSize: number;
  blocks: number;
  lora: Series | undefined;
  custom: Map<string, number> | undefined;
}

type Take = (draft: Draft, series: Series) => void;

/**
 * Reads what an engine says of itself. Where a server tells of several engines, models or ranks behind one port, in a series each, requests and blocks are
 * added up, and the usage of the KV cache is their mean.
 */
export class MetricsReader {
  readonly #scanner: ExpositionScanner;
  /** What is wanted of each family. */
  readonly #wanted: readonly (readonly { readonly spec: MetricSpec; readonly take: Take }[])[];
  readonly #names: readonly string[];

  constructor(engine: Engine) {
    const byName = new Map<string, { readonly spec: MetricSpec; readonly take: Take }[]>();
    for (const [spec, take] of wishes(engine)) {
      const list = byName.get(spec.name) ?? [];
      list.push({ spec, take });
      byName.set(spec.name, list);
    }
    this.#names = [...byName.keys()];
    this.#scanner = new ExpositionScanner(this.#names);
    this.#wanted = [...byName.values()];
  }

  /** Families that are looked for. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** What an answer says, as of `at`; undefined: nothing of it is a metric of this engine. A family that is missing counts as 0. */
  read(body: Buffer, at: number): ServerMetrics | undefined {
    const draft: Draft = { found: 0, waiting: 0, running: 0, kvSum: 0, kvCount: 0, blockSize: 0, blocks: 0, lora: undefined, custom: undefined };
    this.#scanner.scan(body, (family, series) => {
      for (const { spec, take } of this.#wanted[family] ?? []) {
        if (!hasLabels(series, spec)) continue;
        take(draft, series);
        draft.found++;
      }
    });
    if (draft.found === 0) return undefined;
    return {
      at,
      waiting: draft.waiting,
      running: draft.running,
      kvCacheUsage: draft.kvCount === 0 ? 0 : Math.min(1, draft.kvSum / draft.kvCount),
      blockSize: draft.blockSize,
      blocks: draft.blocks,
      loras: draft.lora === undefined ? noLoras : lorasOf(draft.lora),
      custom: draft.custom ?? noCustom,
    };
  }
}

const noCustom: ReadonlyMap<string, number> = new Map();

function hasLabels(series: Series, { labels }: MetricSpec): boolean {
  for (const [name, value] of labels) if (series.label(name) !== value) return false;
  return true;
}

function wishes(engine: Engine): [MetricSpec, Take][] {
  const { waiting, running, kvUsage, lora, cacheInfo, blockSize, blocks, custom } = engine;
  const found: [MetricSpec | undefined, Take][] = [
    [waiting, (draft, { value }) => (draft.waiting += count(value))],
    [running, (draft, { value }) => (draft.running += count(value))],
    [kvUsage, takeUsage],
    [lora, takeLoras],
    [cacheInfo?.spec, (draft, series) => {
      draft.blockSize ||= count(Number(series.label(cacheInfo?.blockSizeLabel ?? '')));
      draft.blocks += count(Number(series.label(cacheInfo?.blocksLabel ?? '')));
    }],
    [blockSize, (draft, { value }) => (draft.blockSize ||= count(value))],
    [blocks, (draft, { value }) => (draft.blocks += count(value))],
    ...[...custom].map(([attribute, spec]): [MetricSpec, Take] => [spec, (draft, { value }) => {
      draft.custom ??= new Map();
      if (!draft.custom.has(attribute)) draft.custom.set(attribute, value);
    }]),
  ];
  return found.flatMap(([spec, take]): [MetricSpec, Take][] => (spec === undefined ? [] : [[spec, take]]));
}

/** A number of things. What cannot be one is none. */
function count(value: number): number {
  return value > 0 && value <= Number.MAX_SAFE_INTEGER ? Math.round(value) : 0;
}

function takeUsage(draft: Draft, { value }: Series): void {
  draft.kvSum += Math.max(0, value);
  draft.kvCount++;
}

/** Each set of adapters has a series, which stays when the set changes; the value is the time of the last change. The newest counts. */
function takeLoras(draft: Draft, series: Series): void {
  if (draft.lora === undefined || series.value > draft.lora.value) draft.lora = series.kept();
}

function lorasOf(series: Series): LoraMetrics {
  return { max: count(Number(series.label('max_lora'))), running: adapters(series.label('running_lora_adapters')), waiting: adapters(series.label('waiting_lora_adapters')) };
}

function adapters(list: string | undefined): ReadonlySet<string> {
  return new Set((list ?? '').split(',', MAX_ADAPTERS).map((name) => name.trim()).filter((name) => name !== ''));
}
