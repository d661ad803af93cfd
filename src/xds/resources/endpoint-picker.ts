import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { ExternalProcessor_RouteCacheAction, ExternalProcessorSchema } from '../../gen/envoy/extensions/filters/http/ext_proc/v3/ext_proc_pb.ts';
import { ProcessingMode_BodySendMode, ProcessingMode_HeaderSendMode } from '../../gen/envoy/extensions/filters/http/ext_proc/v3/processing_mode_pb.ts';
import type { EndpointPicker, PickerService } from '../../ir/endpoint-picker.ts';
import { any } from './bytes.ts';
import { clusterName } from './cluster.ts';
import { filtersOfRoute } from './filters-of-route.ts';
import { endpointMetadata } from './picked-hosts.ts';

export const endpointPickerFilter = 'envoy.filters.http.ext_proc';

/** By this our picker knows which pool it is asked about. */
const poolMetadata = 'x-moongate-inference-pool';

/** Namespace of the dynamic metadata that limits what a picker may choose from. */
const subsetMetadata = 'envoy.lb.subset_hint';

/** What calls are addressed to. Envoy's own choice, the name of the cluster, has slashes, which servers refuse. */
const authority = 'endpoint-picker';

/** Milliseconds in which our picker has to say something; then it is done without. */
const ownLimit = 500;

/** Milliseconds for which our picker may have a request wait: until there is room for it, or while its body is on its way. */
const ownWaitLimit = 600_000;

/** The same for other pickers, which do not say that they go on thinking. They let requests wait for 60 s unless told otherwise. */
const standardLimit = 120_000;

const { SEND, SKIP } = ProcessingMode_HeaderSendMode;
const { FULL_DUPLEX_STREAMED, NONE, STREAMED } = ProcessingMode_BodySendMode;

type ExternalProcessor = MessageInitShape<typeof ExternalProcessorSchema>;

/** The picker of a route's backend, or of one of its weighted clusters. */
export function endpointPickerPolicy(picker: EndpointPicker, service: PickerService): Any {
  const settings: ExternalProcessor = {
    ...(service.dialect === 'own' ? ownDialect : standardDialect(picker)),
    grpcService: {
      targetSpecifier: { case: 'envoyGrpc', value: { clusterName: clusterName(service.backend), authority, skipEnvoyHeaders: true } },
      ...(service.dialect === 'own' && { initialMetadata: [{ key: poolMetadata, value: picker.pool }] }),
    },
    metadataOptions: {
      forwardingNamespaces: { untyped: [endpointMetadata, subsetMetadata] },
      receivingNamespaces: { untyped: [endpointMetadata] },
    },
    // Which servers there are to pick from depends on the route: a picker that changes headers may not thereby change it.
    routeCacheAction: ExternalProcessor_RouteCacheAction.RETAIN,
  };
  return filtersOfRoute([{ name: endpointPickerFilter, typedConfig: any(ExternalProcessorSchema, settings) }]);
}

/**
 * The body goes to the picker while the picker thinks, and stays here: without the picker, or when it dies, the request goes on. The answer's
 * headers tell it who has answered, and that the prompt was read; its trailers keep the call open until the answer has ended.
 */
const ownDialect = {
  processingMode: {
    requestHeaderMode: SEND,
    requestBodyMode: STREAMED,
    requestTrailerMode: SKIP,
    responseHeaderMode: SEND,
    responseBodyMode: NONE,
    responseTrailerMode: SEND,
  },
  sendBodyWithoutWaitingForHeaderResponse: true,
  // Of a pool that fails closed, too: no server is found for a request without a pick, which takes less time than a failure here.
  failureModeAllow: true,
  messageTimeout: durationFromMs(ownLimit),
  maxMessageTimeout: durationFromMs(ownWaitLimit),
  // Our picker does not change a body's length without changing the header.
  allowContentLengthHeader: true,
} satisfies ExternalProcessor;

function standardDialect({ failureMode }: EndpointPicker) {
  return {
    processingMode: {
      requestHeaderMode: SEND,
      requestBodyMode: FULL_DUPLEX_STREAMED,
      requestTrailerMode: SEND,
      responseHeaderMode: SEND,
      responseBodyMode: FULL_DUPLEX_STREAMED,
      responseTrailerMode: SEND,
    },
    failureModeAllow: failureMode === 'open',
    messageTimeout: durationFromMs(standardLimit),
  } satisfies ExternalProcessor;
}
