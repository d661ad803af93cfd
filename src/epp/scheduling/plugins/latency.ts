/** What a request may take, and what it is predicted to take on each server. */
import type { Endpoint } from '../../endpoints/endpoint.ts';
import type { InferenceRequest } from '../../request/inference-request.ts';
import type { Decision } from '../plugin.ts';

/** Attributes in which a producer of predictions puts what it predicts, in milliseconds. */
export function latencyAttributes(producer: string): { readonly ttft: string; readonly tpot: string } {
  return { ttft: `${producer}/ttft-ms`, tpot: `${producer}/tpot-ms` };
}

/** Milliseconds that are left of what the client allows, below 0 when it will take longer. */
export interface Headroom {
  readonly ttft: number;
  readonly tpot: number;
}

/** Predicted milliseconds to the first token; undefined: no prediction. */
export function predictedTtft(decision: Decision, endpoint: Endpoint, attribute: string): number | undefined {
  const value = decision.attributes.get(attribute)?.[endpoint.slot];
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

/** Reads the headroom of servers for one decision. A client that allows nothing leaves none: the least is taken then. */
export function headrooms(decision: Decision, { ttft, tpot }: ReturnType<typeof latencyAttributes>): (endpoint: Endpoint) => Headroom | undefined {
  const allowedTtft = allowedMs(decision.request, 'ttft');
  const allowedTpot = allowedMs(decision.request, 'tpot');
  return (endpoint) => {
    const first = predictedTtft(decision, endpoint, ttft);
    if (first === undefined) return undefined;
    return { ttft: allowedTtft - first, tpot: allowedTpot - (predictedTtft(decision, endpoint, tpot) ?? 0) };
  };
}

/** What the client allows; 0: it does not say, or says nonsense. */
export function allowedMs({ headers }: InferenceRequest, what: 'ttft' | 'tpot'): number {
  const ms = Number(headers.get(`x-llm-d-slo-${what}-ms`) ?? headers.get(`x-slo-${what}-ms`));
  return Number.isFinite(ms) && ms > 0 ? ms : 0;
}
