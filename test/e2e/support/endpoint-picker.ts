import { create, fromBinary, toBinary, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { ProcessingRequestSchema, ProcessingResponseSchema, type ProcessingRequest, type ProcessingResponse } from '../../../src/gen/envoy/service/ext_proc/v3/external_processor_pb.ts';

/** What a picker was shown of a request. */
export interface PickerCall {
  /** Of the gRPC call itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Of the request; lower case. */
  headers: Readonly<Record<string, string>>;
  readonly bodyChunks: number[];
  /** Kinds of messages in the order in which they came. */
  readonly messages: string[];
  /** Dynamic metadata that came with the answer: namespace → values. */
  served: JsonObject;
  ended: boolean;
}

/** What to do with a request: the servers that are to have it, an answer in their place, or nothing at all ('hang'). */
export type Pick = { readonly endpoints: readonly string[] } | { readonly status: number } | 'hang';

export interface TestPicker {
  readonly port: number;
  /** Every call so far, oldest first. */
  readonly calls: PickerCall[];
  close(): Promise<void>;
}

/** Bytes of a body that one answer may have. */
const maxChunk = 62_000;

/**
 * An endpoint picker (Endpoint Picker Protocol). `own`: answers the headers when the body is complete, and each piece of it by nothing. `standard`:
 * hands on request and answer, in full duplex.
 */
export async function startPicker(
  dialect: 'own' | 'standard',
  pick: (call: PickerCall) => Pick,
  options: { readonly port?: number; readonly credentials?: grpc.ServerCredentials } = {},
): Promise<TestPicker> {
  const calls: PickerCall[] = [];
  const server = new grpc.Server();
  server.addService(
    {
      process: {
        path: '/envoy.service.ext_proc.v3.ExternalProcessor/Process',
        requestStream: true,
        responseStream: true,
        requestSerialize: (message: ProcessingRequest) => Buffer.from(toBinary(ProcessingRequestSchema, message)),
        requestDeserialize: (bytes: Buffer) => fromBinary(ProcessingRequestSchema, bytes),
        responseSerialize: (message: ProcessingResponse) => Buffer.from(toBinary(ProcessingResponseSchema, message)),
        responseDeserialize: (bytes: Buffer) => fromBinary(ProcessingResponseSchema, bytes),
      },
    },
    {
      process(stream: grpc.ServerDuplexStream<ProcessingRequest, ProcessingResponse>) {
        const call: PickerCall = { metadata: stream.metadata.getMap() as Record<string, string>, headers: {}, bodyChunks: [], messages: [], served: {}, ended: false };
        calls.push(call);
        const answer = answers(dialect, call, pick, (response) => stream.write(create(ProcessingResponseSchema, response)));
        stream.on('data', (request: ProcessingRequest) => {
          call.messages.push(request.request.case ?? '');
          answer(request);
        });
        const end = () => {
          call.ended = true;
          stream.end();
        };
        stream.on('end', end);
        stream.on('error', end);
        stream.on('cancelled', end);
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, options.credentials ?? grpc.ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return { port, calls, close: async () => server.forceShutdown() };
}

type Send = (response: MessageInitShape<typeof ProcessingResponseSchema>) => void;

/** What is answered to the messages of a call. */
function answers(dialect: 'own' | 'standard', call: PickerCall, pick: (call: PickerCall) => Pick, send: Send): (request: ProcessingRequest) => void {
  const chunks: Uint8Array[] = [];
  const pieces: (() => void)[] = [];
  let decided = false;
  const decide = (): void => {
    const picked = pick(call);
    if (picked === 'hang') return;
    if ('status' in picked) return send({ response: { case: 'immediateResponse', value: { status: { code: picked.status as 503 } } } });
    const value = picked.endpoints.join(',');
    const dynamicMetadata = { 'envoy.lb': { 'x-gateway-destination-endpoint': value } };
    const setHeaders = [{ header: { key: 'x-gateway-destination-endpoint', rawValue: Buffer.from(value) } }];
    send({ response: { case: 'requestHeaders', value: { response: { clearRouteCache: true, headerMutation: { setHeaders } } } }, dynamicMetadata });
    decided = true;
    for (const piece of pieces) piece();
  };
  return ({ request, metadataContext }) => {
    switch (request.case) {
      case 'requestHeaders': {
        const headers = request.value.headers?.headers ?? [];
        call.headers = Object.fromEntries(headers.map(({ key, value, rawValue }) => [key, rawValue.length > 0 ? Buffer.from(rawValue).toString() : value]));
        // What becomes another protocol has no body to wait for.
        if (request.value.endOfStream || call.headers['upgrade'] !== undefined) decide();
        return;
      }
      case 'requestBody': {
        const { body, endOfStream } = request.value;
        call.bodyChunks.push(body.length);
        if (decided) return send({ response: { case: 'requestBody', value: {} } });
        chunks.push(body);
        if (dialect === 'own') pieces.push(() => send({ response: { case: 'requestBody', value: {} } }));
        if (!endOfStream) return;
        if (dialect === 'standard') pieces.push(() => sendBody(Buffer.concat(chunks), (streamed) => send({ response: { case: 'requestBody', value: streamed } })));
        return decide();
      }
      case 'responseHeaders':
        call.served = (metadataContext?.filterMetadata as JsonObject | undefined) ?? {};
        return send({ response: { case: 'responseHeaders', value: {} } });
      case 'responseBody': {
        const { body, endOfStream } = request.value;
        return send({ response: { case: 'responseBody', value: { response: { bodyMutation: { mutation: { case: 'streamedResponse', value: { body, endOfStream } } } } } } });
      }
      case 'requestTrailers':
        return send({ response: { case: 'requestTrailers', value: {} } });
      case 'responseTrailers':
        if (dialect === 'own') call.served = (metadataContext?.filterMetadata as JsonObject | undefined) ?? {};
        return send({ response: { case: 'responseTrailers', value: {} } });
      default:
        return;
    }
  };
}

function sendBody(body: Buffer, send: (value: { response: { bodyMutation: { mutation: { case: 'streamedResponse'; value: { body: Uint8Array; endOfStream: boolean } } } } }) => void): void {
  for (let at = 0; at === 0 || at < body.length; at += maxChunk) {
    const value = { body: body.subarray(at, at + maxChunk), endOfStream: at + maxChunk >= body.length };
    send({ response: { bodyMutation: { mutation: { case: 'streamedResponse', value } } } });
  }
}
