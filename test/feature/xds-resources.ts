import { create, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { anyPack, durationFromMs, type Any } from '@bufbuild/protobuf/wkt';
import { Cluster_DiscoveryType, ClusterSchema } from '../../src/gen/envoy/config/cluster/v3/cluster_pb.ts';
import { AddressSchema, type Address } from '../../src/gen/envoy/config/core/v3/address_pb.ts';
import { ApiVersion, ConfigSourceSchema, type ConfigSource } from '../../src/gen/envoy/config/core/v3/config_source_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../src/gen/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from '../../src/gen/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../src/gen/envoy/config/route/v3/route_pb.ts';
import { ScopedRouteConfigurationSchema } from '../../src/gen/envoy/config/route/v3/scoped_route_pb.ts';
import { RouterSchema } from '../../src/gen/envoy/extensions/filters/http/router/v3/router_pb.ts';
import {
  HttpConnectionManager_CodecType,
  HttpConnectionManagerSchema,
  type HttpConnectionManager,
} from '../../src/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { contentHash } from '../../src/util/hash.ts';
import type { XdsResource } from '../../src/xds/server/resources.ts';

type Extras = Omit<XdsResource, 'name' | 'bytes' | 'version'>;

/** Encodes a message as the store keeps it. */
export function resource<Desc extends DescMessage>(name: string, schema: Desc, message: MessageShape<Desc>, extras: Extras = {}): XdsResource {
  const bytes = toBinary(schema, message);
  return { name, bytes, version: contentHash(bytes), ...extras };
}

const ads = (): ConfigSource =>
  create(ConfigSourceSchema, { resourceApiVersion: ApiVersion.V3, configSourceSpecifier: { case: 'ads', value: {} } });

const loopback = (port: number): Address =>
  create(AddressSchema, {
    address: { case: 'socketAddress', value: { address: '127.0.0.1', portSpecifier: { case: 'portValue', value: port } } },
  });

/** A cluster whose endpoints come by EDS. A negative connect timeout is refused by Envoy. */
export function cluster(name: string, connectTimeoutMs = 1_000): XdsResource {
  const message = create(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: ads() },
    connectTimeout: durationFromMs(connectTimeoutMs),
  });
  return resource(name, ClusterSchema, message);
}

/** Endpoints on loopback. */
export function endpoints(name: string, ports: readonly number[]): XdsResource {
  const lbEndpoints = ports.map((port) => ({ hostIdentifier: { case: 'endpoint' as const, value: { address: loopback(port) } } }));
  return resource(name, ClusterLoadAssignmentSchema, create(ClusterLoadAssignmentSchema, { clusterName: name, endpoints: [{ lbEndpoints }] }));
}

/** One virtual host per entry: host → cluster. Two equal hosts, in whatever order, are refused by Envoy. */
export function routes(name: string, hosts: readonly (readonly [host: string, cluster: string])[], parts?: XdsResource['parts']): XdsResource {
  const message = create(RouteConfigurationSchema, {
    name,
    virtualHosts: hosts.map(([host, to], index) => ({
      name: `${index}`,
      domains: [host],
      routes: [
        {
          match: { pathSpecifier: { case: 'prefix' as const, value: '/' } },
          action: { case: 'route' as const, value: { clusterSpecifier: { case: 'cluster' as const, value: to } } },
        },
      ],
    })),
  });
  const needs = [...new Set(hosts.map(([, to]) => to))];
  return resource(name, RouteConfigurationSchema, message, parts === undefined ? { needs } : { needs, parts });
}

/** Sends requests with this `:authority` to that route configuration. */
export function scope(name: string, routeName: string, host: string): XdsResource {
  const message = create(ScopedRouteConfigurationSchema, {
    name,
    routeConfigurationName: routeName,
    key: { fragments: [{ type: { case: 'stringKey', value: host } }] },
  });
  return resource(name, ScopedRouteConfigurationSchema, message);
}

const router = (): Any => anyPack(RouterSchema, create(RouterSchema));

function listenerWith(name: string, port: number, statPrefix: string, routeSpecifier: HttpConnectionManager['routeSpecifier']): XdsResource {
  const manager = create(HttpConnectionManagerSchema, {
    codecType: HttpConnectionManager_CodecType.AUTO,
    statPrefix,
    routeSpecifier,
    httpFilters: [{ name: 'envoy.filters.http.router', configType: { case: 'typedConfig', value: router() } }],
  });
  const message = create(ListenerSchema, {
    name,
    address: loopback(port),
    filterChains: [{ filters: [{ name: 'http', configType: { case: 'typedConfig', value: anyPack(HttpConnectionManagerSchema, manager) } }] }],
  });
  return resource(name, ListenerSchema, message);
}

/** A listener whose routes come by RDS. An empty stat prefix is refused by Envoy. */
export function listener(name: string, port: number, routeName: string, statPrefix = 'http'): XdsResource {
  return listenerWith(name, port, statPrefix, {
    case: 'rds',
    value: { $typeName: 'envoy.extensions.filters.network.http_connection_manager.v3.Rds', configSource: ads(), routeConfigName: routeName },
  });
}

/** A listener that finds its routes by SRDS, keyed by `:authority`. */
export function scopedListener(name: string, port: number, statPrefix = 'http'): XdsResource {
  const value = create(HttpConnectionManagerSchema, {
    routeSpecifier: {
      case: 'scopedRoutes',
      value: {
        name: 'scopes',
        scopeKeyBuilder: {
          fragments: [
            {
              type: {
                case: 'headerValueExtractor',
                value: { name: ':authority', elementSeparator: '', extractType: { case: 'index', value: 0 } },
              },
            },
          ],
        },
        rdsConfigSource: ads(),
        configSpecifier: { case: 'scopedRds', value: { scopedRdsConfigSource: ads() } },
      },
    },
  });
  return listenerWith(name, port, statPrefix, value.routeSpecifier);
}
