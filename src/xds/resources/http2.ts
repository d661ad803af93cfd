import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Http2ProtocolOptionsSchema } from '../../gen/envoy/config/core/v3/protocol_pb.ts';

/**
 * HTTP/2 with clients and servers, as Envoy Gateway sets it: windows are in bytes and bound what a peer that does not
 * read can make Envoy hold. WebSockets may begin with CONNECT (RFC 8441), where the server says that it takes that.
 */
export function http2Options(): MessageInitShape<typeof Http2ProtocolOptionsSchema> {
  return { allowConnect: true, maxConcurrentStreams: 100, initialStreamWindowSize: 64 * 1024, initialConnectionWindowSize: 1024 * 1024 };
}
