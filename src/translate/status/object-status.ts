import { refOf, type ObjectRef } from '../../api/resource.ts';

/** The wanted `status` of one object. */
export interface ObjectStatus {
  readonly ref: ObjectRef;
  readonly kind: string;
  readonly key: string;
  readonly status: object;
}

/** The status of the object of that kind and key. */
export function objectStatus(kind: string, key: string, status: object): ObjectStatus {
  return { ref: refOf({ kind, key }), kind, key, status };
}
