import type { MessageInitShape } from '@bufbuild/protobuf';
import { HttpRequestHeaderMatchInputSchema } from '../../gen/envoy/type/matcher/v3/http_inputs_pb.ts';
import type { Matcher_MatcherList_PredicateSchema } from '../../gen/xds/type/matcher/v3/matcher_pb.ts';
import { any } from './bytes.ts';

/** What a matcher looks for in a request. */
export type Predicate = MessageInitShape<typeof Matcher_MatcherList_PredicateSchema>;

/** A header of the request is there, and the expression fits all of it. */
export function headerMatches(headerName: string, regex: string): Predicate {
  return {
    matchType: {
      case: 'singlePredicate',
      value: {
        input: { name: 'header', typedConfig: any(HttpRequestHeaderMatchInputSchema, { headerName }) },
        matcher: { case: 'valueMatch', value: { matchPattern: { case: 'safeRegex', value: { engineType: { case: 'googleRe2', value: {} }, regex } } } },
      },
    },
  };
}
