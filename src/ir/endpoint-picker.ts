/** Who gets a request to a pool of servers is for a service to say that sees it first (Endpoint Picker Protocol). */
export interface EndpointPicker {
  /** `namespace/name` of the pool. */
  readonly pool: string;
  /** What becomes of a request for which nobody picks: `open`: any server of the pool gets it; `closed`: none does. */
  readonly failureMode: 'open' | 'closed';
  /** undefined: there is nobody to ask. */
  readonly service: PickerService | undefined;
}

/** A service that picks. */
export interface PickerService {
  /** Key of the backend that is asked. */
  readonly backend: string;
  /**
   * `standard`: requests and answers pass through the service whole, as the protocol has it. `own`: our service, which knows many pools. It is shown
   * the request and told of the answer's end: what it does not change need not come back from it, and nothing is lost with it.
   */
  readonly dialect: 'standard' | 'own';
}
