import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { Rule } from '../../ir/route.ts';
import { connectionBufferLimit } from './listener.ts';
import { retries } from './retry.ts';
import { pickedBodyLimit } from './whole-body.ts';

/** Bytes of a body that are kept so that a request can be sent again; one that is longer is sent once. */
const retryBodyLimit = 1024 * 1024;

/**
 * How much of a request's body Envoy keeps for a rule, where that is more than it keeps for everybody: of what goes beyond,
 * a filter that wants it is answered with 413, and a retry is given up without a word.
 */
export function bodyBufferFields({ externalAuth, action }: Rule): Pick<MessageInitShape<typeof RouteSchema>, 'requestBodyBufferLimit'> {
  const isPicked = action.type === 'forward' && action.backends.some(({ picker, weight }) => picker !== undefined && weight > 0);
  const forRetries = action.type === 'forward' && retries(action) ? retryBodyLimit : 0;
  // Bodies come in pieces, and the piece that reaches the limit may go beyond it.
  const forAuth = externalAuth === undefined || externalAuth.bodyLimit === 0 ? 0 : externalAuth.bodyLimit + connectionBufferLimit;
  const limit = Math.max(isPicked ? pickedBodyLimit : forRetries, forAuth);
  return limit === 0 ? {} : { requestBodyBufferLimit: BigInt(limit) };
}
