/** Requests are reported as spans to a collector that speaks OTLP (OpenTelemetry). */
export interface Tracing {
  /** Key of the backend that takes the spans. */
  readonly backend: string;
  readonly protocol: 'grpc' | 'http';
  /** Sent to the collector with the spans. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** `service.name` of the spans' resource. */
  readonly serviceName: string;
  /** undefined: the proxy's own. */
  readonly spanName: string | undefined;
  /** How many traces are begun, in millionths. */
  readonly sampling: number;
  /** A request that belongs to a trace already is reported if, and only if, its trace says so. Otherwise it is like any other. */
  readonly followsParent: boolean;
  readonly attributes: readonly SpanAttribute[];
}

/** What a span says beside what it always says. Without a value it is left out. */
export interface SpanAttribute {
  readonly name: string;
  readonly source: AttributeSource;
}

export type AttributeSource =
  | { readonly type: 'literal'; readonly value: string }
  /** `any`: the request's, or else the response's. */
  | { readonly type: 'header'; readonly of: 'request' | 'response' | 'any'; readonly name: string }
  | { readonly type: 'property'; readonly property: RequestProperty };

/** What is known of a request, by the names of OpenTelemetry's semantic conventions. */
export const requestProperties = [
  'client.address',
  'client.port',
  'http.request.method',
  'http.request.method_original',
  'http.response.status_code',
  'network.peer.address',
  'network.peer.port',
  'network.protocol.name',
  'network.transport',
  'server.address',
  'server.port',
  'url.full',
  'url.path',
  'url.query',
  'url.scheme',
  'user_agent.original',
] as const;

export type RequestProperty = (typeof requestProperties)[number];
