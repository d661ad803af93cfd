import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Any } from '@bufbuild/protobuf/wkt';
import { HttpProtocolOptions_HeadersWithUnderscoresAction } from '../../gen/envoy/config/core/v3/protocol_pb.ts';
import {
  HttpConnectionManager_CodecType,
  HttpConnectionManager_PathWithEscapedSlashesAction,
  HttpConnectionManager_ServerHeaderTransformation,
  HttpConnectionManagerSchema,
} from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { accessLog } from './access-log.ts';
import { any } from './bytes.ts';
import { fromAds } from './config-source.ts';
import { httpFilter, httpFilters, type HttpFilterOptions } from './http-filters.ts';
import { http2Options } from './http2.ts';
import { routeConfigurationName, shardHeader } from './shards.ts';
import type { TableLayout } from './shards.ts';
import { websocketKeyFilter } from './websocket-key.ts';

type HttpConnectionManager = MessageInitShape<typeof HttpConnectionManagerSchema>;

export interface HttpConnectionManagerOptions extends HttpFilterOptions {
  /** Key of the route table. */
  readonly table: string;
  readonly layout: TableLayout;
  readonly statPrefix: string;
  readonly accessLogPath: string | undefined;
  /** undefined: requests are not reported. */
  readonly tracing: HttpConnectionManager['tracing'] | undefined;
}

/** An idle connection is closed after so long, in milliseconds. */
const connectionIdleLimit = 60 * 60_000;

/** Milliseconds within which a request's headers have to be there. */
const requestHeadersLimit = 10_000;

/**
 * HTTP as an edge proxy should speak it, with the defaults of Envoy Gateway.
 *
 * There is no limit on a whole request, because answers of language models stream for minutes; what ends a dead one is
 * Envoy's stream_idle_timeout, five minutes without a byte in either direction.
 */
export function httpConnectionManager(options: HttpConnectionManagerOptions): Any {
  const filters = httpFilters(options.table, options.layout, options);
  return any(HttpConnectionManagerSchema, {
    statPrefix: options.statPrefix,
    // HTTP/1 and HTTP/2, told apart by the first bytes where ALPN did not: h2c works too.
    codecType: HttpConnectionManager_CodecType.AUTO,
    routeSpecifier: routeSpecifier(options.table, options.layout),
    httpFilters: filters,
    commonHttpProtocolOptions: {
      idleTimeout: durationFromMs(connectionIdleLimit),
      // `X_User` and `X-User` become one for many servers (CGI): a way around whatever checks one of them.
      headersWithUnderscoresAction: HttpProtocolOptions_HeadersWithUnderscoresAction.REJECT_REQUEST,
    },
    // A client that sends its headers in drops would otherwise hold a connection for ever.
    requestHeadersTimeout: durationFromMs(requestHeadersLimit),
    http2ProtocolOptions: http2Options(),
    // The peer is the client: X-Forwarded-For is appended to, and x-envoy-* from outside is dropped.
    useRemoteAddress: true,
    // A path must not mean one thing to a route and another to the server behind it (RFC 3986 §6).
    normalizePath: true,
    mergeSlashes: true,
    pathWithEscapedSlashesAction: HttpConnectionManager_PathWithEscapedSlashesAction.UNESCAPE_AND_REDIRECT,
    serverHeaderTransformation: HttpConnectionManager_ServerHeaderTransformation.PASS_THROUGH,
    upgradeConfigs: [
      { upgradeType: 'websocket', filters: [httpFilter(websocketKeyFilter()), ...filters] },
      // Only routes for method CONNECT take such requests: one without a path fits no other.
      { upgradeType: 'CONNECT' },
    ],
    ...(options.tracing !== undefined && { tracing: options.tracing }),
    accessLog: options.accessLogPath === undefined ? [] : [accessLog(options.accessLogPath)],
  });
}

function routeSpecifier(table: string, layout: TableLayout): NonNullable<HttpConnectionManager['routeSpecifier']> {
  if (layout.shards === 1) {
    return { case: 'rds', value: { configSource: fromAds(), routeConfigName: routeConfigurationName(table, 0, 1) } };
  }
  return {
    case: 'scopedRoutes',
    value: {
      name: table,
      scopeKeyBuilder: {
        fragments: [{ type: { case: 'headerValueExtractor', value: { name: shardHeader, extractType: { case: 'index', value: 0 } } } }],
      },
      rdsConfigSource: fromAds(),
      configSpecifier: { case: 'scopedRds', value: { scopedRdsConfigSource: fromAds() } },
    },
  };
}
