import { parseMetricSpec, type MetricSpec } from './metric-spec.ts';

/** Under which names an inference engine tells of its load. What is undefined it does not tell. */
export interface Engine {
  readonly name: string;
  readonly waiting: MetricSpec | undefined;
  readonly running: MetricSpec | undefined;
  readonly kvUsage: MetricSpec | undefined;
  readonly lora: MetricSpec | undefined;
  /** A series with the size of the KV cache in two labels. */
  readonly cacheInfo: { readonly spec: MetricSpec; readonly blockSizeLabel: string; readonly blocksLabel: string } | undefined;
  readonly blockSize: MetricSpec | undefined;
  readonly blocks: MetricSpec | undefined;
  /** Further metrics, by the attribute that they become. */
  readonly custom: ReadonlyMap<string, MetricSpec>;
}

/** Metrics of an engine, each as `name{label=value}`, '' for none. */
export interface EngineNames {
  readonly name: string;
  readonly waiting?: string;
  readonly running?: string;
  readonly kvUsage?: string;
  readonly lora?: string;
  readonly cacheInfo?: string;
  readonly blockSizeLabel?: string;
  readonly blocksLabel?: string;
  readonly blockSize?: string;
  readonly blocks?: string;
}

/** Makes an engine of names. `fieldOf` says which field a name was in; throws with a sentence that begins with it. */
export function engineOf(names: EngineNames, custom: ReadonlyMap<string, MetricSpec>, fieldOf: (part: keyof EngineNames) => string): Engine {
  const spec = (part: Exclude<keyof EngineNames, 'name'>): MetricSpec | undefined => {
    const text = names[part] ?? '';
    return text === '' ? undefined : parseMetricSpec(text, fieldOf(part));
  };
  const info = spec('cacheInfo');
  return {
    name: names.name,
    waiting: spec('waiting'),
    running: spec('running'),
    kvUsage: spec('kvUsage'),
    lora: spec('lora'),
    cacheInfo: info && { spec: info, blockSizeLabel: names.blockSizeLabel || 'block_size', blocksLabel: names.blocksLabel || 'num_gpu_blocks' },
    blockSize: spec('blockSize'),
    blocks: spec('blocks'),
    custom,
  };
}

/** What the upstream picker knows of engines. */
const BUILT_IN: readonly EngineNames[] = [
  {
    name: 'vllm',
    waiting: 'vllm:num_requests_waiting',
    running: 'vllm:num_requests_running',
    kvUsage: 'vllm:kv_cache_usage_perc',
    lora: 'vllm:lora_requests_info',
    cacheInfo: 'vllm:cache_config_info',
  },
  {
    name: 'sglang',
    waiting: 'sglang:num_queue_reqs',
    running: 'sglang:num_running_reqs',
    kvUsage: 'sglang:token_usage',
    cacheInfo: 'sglang:cache_config_info',
    blockSizeLabel: 'page_size',
    blocksLabel: 'num_pages',
  },
  {
    name: 'trtllm-serve',
    waiting: 'trtllm_num_requests_waiting',
    running: 'trtllm_num_requests_running',
    kvUsage: 'trtllm_kv_cache_utilization',
    blockSize: 'trtllm_kv_cache_tokens_per_block',
    blocks: 'trtllm_kv_cache_max_blocks',
  },
  {
    name: 'triton-tensorrt-llm',
    waiting: 'nv_trt_llm_request_metrics{request_type=waiting}',
    running: 'nv_trt_llm_request_metrics{request_type=scheduled}',
    kvUsage: 'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=fraction}',
    blockSize: 'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=tokens_per}',
    blocks: 'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=max}',
  },
  // nv_inference_exec_count counts executions since the start, not those that run: who scores by running requests evens that count out.
  { name: 'triton', waiting: 'nv_inference_pending_request_count', running: 'nv_inference_exec_count' },
];

/** The engines that need no configuration. */
export const ENGINES: readonly Engine[] = BUILT_IN.map((names) => engineOf(names, new Map(), (part) => `${names.name}.${part}`));
