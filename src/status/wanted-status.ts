/** The `status` that translation wants one object to have. Collections of these are what the writer is fed with. */
export interface WantedStatus {
  readonly kind: string;
  /** `namespace/name`, or `name` for cluster-scoped kinds. */
  readonly key: string;
  /** Conditions in it have no lastTransitionTime: that is for the writer to know. */
  readonly status: object;
}

/** What the API server was last heard to have of an object. */
export interface ObservedStatus {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** undefined: nobody wrote one. */
  readonly status: unknown;
  /** `group/version` under which the object is read and written. */
  readonly apiVersion: string;
}
