/** Every request is shown to a service first, which lets it pass or answers in its place. When the service cannot be asked, the request is refused. */
export interface ExternalAuth {
  /** Key of the backend that is asked. */
  readonly backend: string;
  readonly check: HttpCheck | GrpcCheck;
  /** Bytes of a request's body that the service gets to see; of a longer one, its beginning. 0: none. */
  readonly bodyLimit: number;
}

/** The service is sent the request as it is, but for its headers and body; 200 lets it pass, any other answer is the client's. */
export interface HttpCheck {
  readonly type: 'http';
  /** What is put before the path: '', or an absolute path without a slash at its end. */
  readonly pathPrefix: string;
  /** What it gets to see beside Host, Content-Length and Authorization. Lower case. */
  readonly requestHeaders: readonly string[];
  /** Headers of its answer that the request takes along to the backend, lower case; undefined: all. */
  readonly responseHeaders: readonly string[] | undefined;
}

/** The service speaks gRPC: `envoy.service.auth.v3.Authorization`. */
export interface GrpcCheck {
  readonly type: 'grpc';
  /** What it gets to see, lower case; undefined: all. */
  readonly requestHeaders: readonly string[] | undefined;
}
