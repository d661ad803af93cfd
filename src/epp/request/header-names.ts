/** Headers by which clients and proxies steer the picker, and their former names. None of them goes on to the model server. */
export const steering = {
  objective: ['x-llm-d-inference-objective', 'x-gateway-inference-objective'],
  fairnessId: ['x-llm-d-inference-fairness-id', 'x-gateway-inference-fairness-id'],
  modelRewrite: ['x-llm-d-model-name-rewrite', 'x-gateway-model-name-rewrite'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

const allSteering: readonly string[] = Object.values(steering).flat();

/** Why the picker answers in the place of a model server. */
export const droppedReason = 'x-llm-d-request-dropped-reason';

/** Value of a steering header; '' when it is missing. */
export function steeredBy(headers: ReadonlyMap<string, string>, name: keyof typeof steering): string {
  for (const each of steering[name]) {
    const value = headers.get(each);
    if (value !== undefined && value !== '') return value;
  }
  return '';
}

/** The steering headers that a request has, to be removed. */
export function steeringIn(headers: ReadonlyMap<string, string>): string[] {
  return allSteering.filter((name) => headers.has(name));
}
