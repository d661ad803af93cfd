import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { RouteSchema } from '../../gen/envoy/extensions/filters/udp/udp_proxy/v3/route_pb.ts';
import { UdpProxyConfigSchema } from '../../gen/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.ts';
import { SourcePortInputSchema } from '../../gen/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.ts';
import { ConsistentHashingSchema } from '../../gen/envoy/extensions/matching/input_matchers/consistent_hashing/v3/consistent_hashing_pb.ts';
import type { Matcher_MatcherList_FieldMatcherSchema, Matcher_OnMatchSchema } from '../../gen/xds/type/matcher/v3/matcher_pb.ts';
import type { StreamBackend } from '../../ir/stream.ts';
import { accessLog } from './access-log.ts';
import { any } from './bytes.ts';
import { streamCluster } from './stream-route.ts';

/**
 * Hands datagrams on. Envoy's UDP proxy knows no weighted clusters, but a hash of the client's port, which the client's
 * kernel draws, parts sessions as weights do:
 *
 *     weights 2, 1, 1:   hash % 4 >= 2 ─► first     hash % 4 >= 1 ─► second     else ─► third
 */
export function udpProxy(backends: readonly StreamBackend[], { statPrefix, accessLogPath }: { readonly statPrefix: string; readonly accessLogPath: string | undefined }): Any {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  let above = total;
  const matchers = backends.slice(0, -1).map((backend) => {
    above -= backend.weight;
    return share(backend, { threshold: above, modulo: total });
  });
  const last = backends.at(-1);
  return any(UdpProxyConfigSchema, {
    statPrefix,
    accessLog: accessLogPath === undefined ? [] : [accessLog(accessLogPath)],
    routeSpecifier: {
      case: 'matcher',
      value: {
        ...(matchers.length > 0 && { matcherType: { case: 'matcherList', value: { matchers } } }),
        ...(last !== undefined && { onNoMatch: goTo(last) }),
      },
    },
  });
}

function share(
  backend: StreamBackend,
  { threshold, modulo }: { readonly threshold: number; readonly modulo: number },
): MessageInitShape<typeof Matcher_MatcherList_FieldMatcherSchema> {
  return {
    predicate: {
      matchType: {
        case: 'singlePredicate',
        value: {
          input: { name: 'envoy.matching.inputs.source_port', typedConfig: any(SourcePortInputSchema, {}) },
          matcher: {
            case: 'customMatch',
            value: { name: 'envoy.matching.matchers.consistent_hashing', typedConfig: any(ConsistentHashingSchema, { threshold, modulo }) },
          },
        },
      },
    },
    onMatch: goTo(backend),
  };
}

function goTo(backend: StreamBackend): MessageInitShape<typeof Matcher_OnMatchSchema> {
  return { onMatch: { case: 'action', value: { name: 'route', typedConfig: any(RouteSchema, { cluster: streamCluster(backend) }) } } };
}
