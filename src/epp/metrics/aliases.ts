/**
 * Former names of metrics, by present name, without the prefixes: dashboards and autoscalers ask for both. Both are written from the same numbers.
 */
const formerNames: Readonly<Record<string, string>> = {
  llm_d_epp_request_total: 'inference_objective_request_total',
  llm_d_epp_request_error_total: 'inference_objective_request_error_total',
  llm_d_epp_request_duration_seconds: 'inference_objective_request_duration_seconds',
  llm_d_epp_request_size_bytes: 'inference_objective_request_sizes',
  llm_d_epp_request_input_tokens: 'inference_objective_input_tokens',
  llm_d_epp_request_running: 'inference_objective_running_requests',
  llm_d_epp_average_kv_cache_utilization: 'inference_pool_average_kv_cache_utilization',
  llm_d_epp_average_queue_size: 'inference_pool_average_queue_size',
  llm_d_epp_average_running_requests: 'inference_pool_average_running_requests',
  llm_d_epp_ready_endpoints: 'inference_pool_ready_pods',
  llm_d_epp_per_endpoint_queue_size: 'inference_pool_per_pod_queue_size',
  llm_d_epp_scheduler_e2e_duration_seconds: 'inference_extension_scheduler_e2e_duration_seconds',
  llm_d_epp_scheduler_attempts_total: 'inference_extension_scheduler_attempts_total',
  llm_d_epp_prefix_indexer_size: 'inference_extension_prefix_indexer_size',
  llm_d_epp_prefix_indexer_hit_ratio: 'inference_extension_prefix_indexer_hit_ratio',
  llm_d_epp_prefix_indexer_hit_bytes: 'inference_extension_prefix_indexer_hit_bytes',
  llm_d_epp_flow_control_request_queue_duration_seconds: 'inference_extension_flow_control_request_queue_duration_seconds',
  llm_d_epp_flow_control_queue_size: 'inference_extension_flow_control_queue_size',
  llm_d_epp_flow_control_queue_bytes: 'inference_extension_flow_control_queue_bytes',
  llm_d_epp_flow_control_pool_saturation: 'inference_extension_flow_control_pool_saturation',
  llm_d_epp_info: 'inference_extension_info',
  llm_d_epp_model_rewrite_decisions_total: 'inference_extension_model_rewrite_decisions_total',
};

/** An exposition in which every family that had another name once is there under that name, too. */
export function withFormerNames(exposition: string): string {
  const families = exposition.split(/\n(?=# HELP )/);
  return families
    .flatMap((family) => {
      const name = /^# HELP (\S+)/.exec(family)?.[1];
      const former = name === undefined ? undefined : formerNames[name];
      if (name === undefined || former === undefined) return [family];
      return [family, family.replaceAll(new RegExp(`^(# HELP |# TYPE |)${name}`, 'gm'), `$1${former}`)];
    })
    .map((family) => family.trimEnd())
    .join('\n')
    .concat('\n');
}
