import type { Decision } from '../scheduling/plugin.ts';
import type { Endpoint } from './endpoint.ts';

/** How tokens of a request are counted that is on its way (parameters of `inflight-load-producer`). */
export interface TokenCost {
  /** Count what the answer may have, too, and all of them to the end of it. */
  readonly addEstimatedOutputTokens: boolean;
  readonly outputRatio: number;
  readonly maxEstimatedOutputTokens: number | undefined;
  /** Who says what the server has cached. */
  readonly prefixMatchInfoProducerName: string;
}

export const defaultTokenCost: TokenCost = {
  addEstimatedOutputTokens: false,
  outputRatio: 1.5,
  maxEstimatedOutputTokens: undefined,
  prefixMatchInfoProducerName: 'approx-prefix-cache-producer',
};

/** Tokens that this request costs that server: of the prompt those that are not cached there. */
export function tokenCost({ request, prefixes }: Decision, endpoint: Endpoint, cost: TokenCost): number {
  const match = prefixes.get(cost.prefixMatchInfoProducerName);
  const cached = match === undefined ? 0 : match.matchedBlocks(endpoint) * match.blockTokens;
  const prompt = Math.max(0, request.promptTokens - cached);
  if (!cost.addEstimatedOutputTokens) return prompt;
  const output = Math.round(request.promptTokens * cost.outputRatio);
  return prompt + Math.min(output, request.maxOutputTokens > 0 ? request.maxOutputTokens : Infinity, cost.maxEstimatedOutputTokens ?? Infinity);
}
