import { httpMatch } from './http-matches.ts';
import { matchesOf, translateRule, type RuleContext, type TranslatedRule } from './rules.ts';
import type { HTTPRouteMatch, HTTPRouteRule } from '../../api/types.ts';

/** Translates one rule of an HTTPRoute. */
export function httpRule(spec: HTTPRouteRule, context: RuleContext): TranslatedRule {
  return translateRule(spec, 'http', matchesOf(spec.matches, translated, context), context);
}

function translated(spec: HTTPRouteMatch): ReturnType<Parameters<typeof matchesOf<HTTPRouteMatch>>[1]> {
  const match = httpMatch(spec);
  return 'fault' in match ? match : { match };
}
