import type { MessageInitShape } from '@bufbuild/protobuf';
import { CustomTag_ValueType, type CustomTagSchema } from '../../gen/envoy/type/tracing/v3/custom_tag_pb.ts';
import type { AttributeSource, RequestProperty, SpanAttribute } from '../../ir/tracing.ts';
import { assertNever } from '../../util/assert.ts';
import { escapeFormat } from './header-changes.ts';

type CustomTag = MessageInitShape<typeof CustomTagSchema>;

/** Envoy's formats for what OpenTelemetry has names for; those with `int` are numbers. https://opentelemetry.io/docs/specs/semconv/ */
const properties = (port: number): Readonly<Record<RequestProperty, { readonly format: string; readonly int?: true }>> => ({
  'client.address': { format: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%' },
  'client.port': { format: '%DOWNSTREAM_REMOTE_PORT%', int: true },
  'http.request.method': { format: '%REQ(:METHOD)%' },
  'http.request.method_original': { format: '%REQ(:METHOD)%' },
  'http.response.status_code': { format: '%RESPONSE_CODE%', int: true },
  'network.peer.address': { format: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%' },
  'network.peer.port': { format: '%DOWNSTREAM_DIRECT_REMOTE_PORT%', int: true },
  'network.protocol.name': { format: 'http' },
  'network.transport': { format: 'tcp' },
  'server.address': { format: '%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%' },
  'server.port': { format: String(port), int: true },
  'url.full': { format: '%REQ(:SCHEME)%://%REQ(:AUTHORITY)%%PATH(WQ:ORIG_OR_PATH)%' },
  'url.path': { format: '%PATH(NQ:ORIG_OR_PATH)%' },
  'url.query': { format: '%QUERY_PARAMS(ORIG)%' },
  'url.scheme': { format: '%REQ(:SCHEME)%' },
  'user_agent.original': { format: '%REQ(USER-AGENT)%' },
});

/** A tag of all spans of a port of clients. Envoy leaves out one whose value comes out empty. */
export function spanAttribute({ name, source }: SpanAttribute, port: number): CustomTag {
  const isNumber = source.type === 'property' && properties(port)[source.property].int === true;
  return { tag: name, type: { case: 'value', value: formatOf(source, port) }, ...(isNumber && { valueType: CustomTag_ValueType.INT }) };
}

function formatOf(source: AttributeSource, port: number): string {
  switch (source.type) {
    case 'literal':
      return escapeFormat(source.value);
    case 'header':
      return headerFormat(source);
    case 'property':
      return properties(port)[source.property].format;
    default:
      return assertNever(source);
  }
}

function headerFormat({ of, name: param }: Extract<AttributeSource, { readonly type: 'header' }>): string {
  switch (of) {
    case 'request':
      return `%REQ(${param})%`;
    case 'response':
      return `%RESP(${param})%`;
    case 'any':
      return `%COALESCE(${JSON.stringify({ operators: [{ command: 'REQ', param }, { command: 'RESP', param }] })})%`;
    default:
      return assertNever(of);
  }
}
