import { grpcMatch } from './grpc-matches.ts';
import { matchesOf, translateRule, type RuleContext, type TranslatedRule } from './rules.ts';
import type { GRPCRouteMatch, GRPCRouteRule } from '../../api/types.ts';

/** "If no matches are specified, the implementation MUST match every gRPC request." */
const everything: readonly GRPCRouteMatch[] = [{}];

/** Translates one rule of a GRPCRoute. */
export function grpcRule(spec: GRPCRouteRule, context: RuleContext): TranslatedRule {
  const { matches = [] } = spec;
  return translateRule(spec, 'grpc', matchesOf(matches.length === 0 ? everything : matches, grpcMatch, context), context);
}
