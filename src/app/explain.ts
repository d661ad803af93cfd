import { explain } from '../admin/explain.ts';
import type { Explanation } from '../admin/explain/explanation.ts';
import { BadRequestError, parseQuestion } from '../admin/explain/request.ts';
import type { Delivery, World } from '../admin/explain/world.ts';
import { jsonAnswer, type AdminAnswer } from '../admin/http-server.ts';
import { worldOf } from './explain-world.ts';
import type { Standalone } from './standalone.ts';

/** A standalone gateway, with what Envoy has acknowledged of it. */
export function standaloneWorld({ plane, ads }: Pick<Standalone, 'plane' | 'ads'>): World {
  return worldOf(plane, (proxy, type, name): Delivery => {
    const states = ads.ackState(proxy, type, name);
    if (states.length === 0) return { state: 'not connected' };
    const nacked = states.find(({ state }) => state === 'nacked');
    if (nacked !== undefined) return { state: 'refused', ...(nacked.message !== undefined && { message: nacked.message }) };
    return { state: states.every(({ state }) => state === 'acked') ? 'acked' : 'pending' };
  });
}

/** A request or a connection as a user gives it. */
export interface ExplainInput {
  readonly method?: string;
  readonly url: string;
  /** `name: value`. */
  readonly headers: readonly string[];
  /** `namespace/name`, where several want the port. */
  readonly gateway?: string;
}

/** Explains it. Throws a BadRequestError when it makes no sense. */
export function explainInput({ method, url, headers, gateway }: ExplainInput, world: World): Explanation {
  return explain(parseQuestion(method, url, headers), world, gateway === undefined ? {} : { gateway });
}

/** Answers `/api/v1/explain`. */
export function explainRequest(standalone: Standalone, query: URLSearchParams): AdminAnswer {
  const gateway = query.get('gateway');
  const method = query.get('method');
  const input = { ...(method !== null && { method }), url: query.get('url') ?? '', headers: query.getAll('header'), ...(gateway !== null && { gateway }) };
  try {
    return jsonAnswer(explainInput(input, standaloneWorld(standalone)));
  } catch (error) {
    if (error instanceof BadRequestError) return jsonAnswer({ error: error.message }, 400);
    throw error;
  }
}
