/** What the API server checks and completes in Go for kinds of its own, beyond their schemas. */
import type { FieldError } from './field-error.ts';
import type { KindName } from './kinds.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** An object with what the API server adds before it looks at it. */
export function completed(_kind: KindName, object: JsonObject): JsonObject {
  return object;
}

/** What is wrong with an object that satisfies its schema. */
export function semanticErrors(_kind: KindName, _object: JsonObject): FieldError[] {
  return [];
}
