/** What the API server completes and checks in Go for kinds of its own, beyond the types of their fields. */
import { completedSecret, configMapErrors, secretErrors } from './core-data.ts';
import { endpointSliceErrors } from './core-endpoint-slice.ts';
import { serviceErrors } from './core-service.ts';
import type { FieldError } from './field-error.ts';
import type { KindName, Objects } from './kinds.ts';

type JsonObject = Readonly<Record<string, unknown>>;

const CHECKS: { readonly [Kind in KindName]?: (object: Objects[Kind]) => FieldError[] } = {
  ConfigMap: configMapErrors,
  EndpointSlice: endpointSliceErrors,
  Secret: secretErrors,
  Service: serviceErrors,
};

/** An object with what the API server adds before it looks at it. Types of fields are not known yet. */
export function completed(kind: KindName, object: JsonObject): JsonObject {
  return kind === 'Secret' ? completedSecret(object) : object;
}

/** What is wrong with an object whose fields have the right types. */
export function semanticErrors(kind: KindName, object: JsonObject): FieldError[] {
  const check = CHECKS[kind] as ((object: JsonObject) => FieldError[]) | undefined;
  return check?.(object) ?? [];
}
