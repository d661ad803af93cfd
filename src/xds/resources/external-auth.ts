import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { ApiVersion } from '../../gen/envoy/config/core/v3/config_source_pb.ts';
import { ExtAuthzSchema } from '../../gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.ts';
import { StatusCode } from '../../gen/envoy/type/v3/http_status_pb.ts';
import type { ListStringMatcherSchema } from '../../gen/envoy/type/matcher/v3/string_pb.ts';
import type { ExternalAuth, GrpcCheck, HttpCheck } from '../../ir/external-auth.ts';
import { assertNever } from '../../util/assert.ts';
import { any } from './bytes.ts';
import { clusterName } from './cluster.ts';
import { filtersOfRoute } from './filters-of-route.ts';
import { invalidCluster } from './forward.ts';

type ExtAuthz = MessageInitShape<typeof ExtAuthzSchema>;
type ServiceFields = Pick<ExtAuthz, 'services' | 'allowedHeaders' | 'decoderHeaderMutationRules'>;
type Settings = ServiceFields & Pick<ExtAuthz, 'transportApiVersion' | 'withRequestBody'>;

export const externalAuthFilter = 'envoy.filters.http.ext_authz';

/** What calls are addressed to. Envoy's own choice for gRPC, the name of the cluster, has slashes, which servers refuse. */
const authority = 'external-auth';

/** Milliseconds that a service may take to decide, as Envoy Gateway sets it. */
const checkLimit = 10_000;

/**
 * The external authorization of a route. The filter stands whole in the route, since what it shows of a request cannot be
 * said by the settings that a route may give to a filter of the listener. When the service does not answer, it refuses with 403.
 */
export function externalAuthPolicy(auth: ExternalAuth): Any {
  return filtersOfRoute([{ name: externalAuthFilter, typedConfig: any(ExtAuthzSchema, settings(auth)) }]);
}

/**
 * The external authorization of a listener: what the service makes of a request is what the routes are matched with, but for the
 * host. When there is nobody to ask, it answers 500.
 */
export function listenerExternalAuth(auth: ExternalAuth | undefined): Any {
  if (auth === undefined) {
    const nobody = httpService({ type: 'http', pathPrefix: '', requestHeaders: [], responseHeaders: undefined }, invalidCluster);
    return any(ExtAuthzSchema, { transportApiVersion: ApiVersion.V3, ...nobody, statusOnError: { code: StatusCode.InternalServerError } });
  }
  const fields = settings(auth);
  return any(ExtAuthzSchema, {
    ...fields,
    clearRouteCache: true,
    decoderHeaderMutationRules: fields.decoderHeaderMutationRules ?? { allowAllRouting: true, disallowExpression: { regex: 'host|:authority|:scheme' } },
  });
}

function settings({ backend, check, bodyLimit }: ExternalAuth): Settings {
  return {
    transportApiVersion: ApiVersion.V3,
    ...service(check, clusterName(backend)),
    ...(bodyLimit > 0 && { withRequestBody: { maxRequestBytes: bodyLimit, allowPartialMessage: true } }),
  };
}

function service(check: ExternalAuth['check'], cluster: string): ServiceFields {
  switch (check.type) {
    case 'http':
      return httpService(check, cluster);
    case 'grpc':
      return grpcService(check, cluster);
    default:
      return assertNever(check);
  }
}

/** To the headers that are allowed Envoy adds Host, Content-Length and Authorization. */
function httpService({ pathPrefix, requestHeaders, responseHeaders }: HttpCheck, cluster: string): ServiceFields {
  return {
    services: {
      case: 'httpService',
      value: {
        serverUri: { uri: `http://${authority}`, httpUpstreamType: { case: 'cluster', value: cluster }, timeout: durationFromMs(checkLimit) },
        pathPrefix,
        authorizationResponse: { allowedUpstreamHeaders: responseHeaders === undefined ? anything : names(responseHeaders) },
      },
    },
    ...(requestHeaders.length > 0 && { allowedHeaders: names(requestHeaders) }),
    // Beside what is never changed: Host, pseudo headers and x-envoy-*.
    decoderHeaderMutationRules: { disallowExpression: { regex: ofTheAnswer } },
  };
}

function grpcService({ requestHeaders }: GrpcCheck, cluster: string): ServiceFields {
  const target = { case: 'envoyGrpc', value: { clusterName: cluster, authority, skipEnvoyHeaders: true } } as const;
  return {
    services: { case: 'grpcService', value: { targetSpecifier: target, timeout: durationFromMs(checkLimit) } },
    ...(requestHeaders !== undefined && { allowedHeaders: names(requestHeaders) }),
  };
}

/** What is said of the service's answer and its connection, and would be wrong of the request (RFC 9110 §7.6.1, §8). */
const ofTheAnswer = 'connection|content-.*|date|keep-alive|proxy-connection|server|te|trailer|transfer-encoding|upgrade';

const anything: MessageInitShape<typeof ListStringMatcherSchema> = { patterns: [{ matchPattern: { case: 'safeRegex', value: { regex: '.*' } } }] };

function names(headers: readonly string[]): MessageInitShape<typeof ListStringMatcherSchema> {
  return { patterns: headers.map((name) => ({ matchPattern: { case: 'exact', value: name }, ignoreCase: true })) };
}
