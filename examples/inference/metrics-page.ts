import { FIRST_TOKEN_BOUNDS, type Engine } from './engine.ts';

/** What a server tells of itself at /metrics, under vLLM's names. */
export function metricsPage(engine: Engine, model: string): string {
  const { settings, totals, adapters } = engine;
  const labels = `engine="0",model_name="${model}"`;
  const lines: string[] = [];
  const family = (name: string, type: string, help: string, series: readonly (readonly [suffix: string, value: number])[]): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...series.map(([suffix, value]) => `${name}${suffix} ${value}`));
  };
  const plain = `{${labels}}`;
  family('vllm:num_requests_running', 'gauge', 'Requests in the batch.', [[plain, engine.running]]);
  family('vllm:num_requests_waiting', 'gauge', 'Requests that wait for a place in it.', [[plain, engine.waiting]]);
  family('vllm:kv_cache_usage_perc', 'gauge', 'Used share of the KV cache, 0 to 1.', [[plain, engine.cacheUsage]]);
  family('vllm:cache_config_info', 'gauge', 'Size of the KV cache.', [
    [`{block_size="${settings.blockTokens}",enable_prefix_caching="True",engine="0",num_gpu_blocks="${settings.cacheBlocks}"}`, 1],
  ]);
  family('vllm:lora_requests_info', 'gauge', 'Adapters in use.', [
    [`{max_lora="${settings.maxLora}",running_lora_adapters="${adapters.running.join(',')}",waiting_lora_adapters="${adapters.waiting.join(',')}"}`, Date.now() / 1000],
  ]);
  family('vllm:prompt_tokens_total', 'counter', 'Tokens of prompts.', [[plain, totals.promptTokens]]);
  family('vllm:generation_tokens_total', 'counter', 'Tokens of answers.', [[plain, totals.outputTokens]]);
  family('vllm:prefix_cache_queries_total', 'counter', 'Tokens that were looked for in the cache.', [[plain, totals.promptTokens]]);
  family('vllm:prefix_cache_hits_total', 'counter', 'Those that were there.', [[plain, totals.cachedTokens]]);
  family('vllm:time_to_first_token_seconds', 'histogram', 'Seconds to the first token.', [
    ...FIRST_TOKEN_BOUNDS.map((bound, index): [string, number] => [`_bucket{${labels},le="${bound === Infinity ? '+Inf' : bound}"}`, totals.firstTokens[index] ?? 0]),
    [`_sum${plain}`, totals.firstTokenSeconds],
    [`_count${plain}`, totals.firstTokens.at(-1) ?? 0],
  ]);
  return `${lines.join('\n')}\n`;
}
