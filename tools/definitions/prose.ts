import { isObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';

/** Keywords of a schema whose value says nothing to a machine. */
const PROSE = new Set(['description', 'externalDocs', 'example', 'title']);
/** Keywords that hold one schema, a list of schemas, and schemas by name. */
const SCHEMA = new Set(['items', 'additionalProperties', 'not']);
const SCHEMAS = new Set(['allOf', 'anyOf', 'oneOf']);
const SCHEMAS_BY_NAME = new Set(['properties', 'patternProperties', 'definitions']);

/** A schema without descriptions. A property that happens to be called "description" stays. */
export function withoutProse(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const out: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (PROSE.has(keyword)) continue;
    if (SCHEMA.has(keyword)) out[keyword] = withoutProse(value);
    else if (SCHEMAS.has(keyword)) out[keyword] = (value as Json[]).map(withoutProse);
    else if (SCHEMAS_BY_NAME.has(keyword)) out[keyword] = byName(value as JsonObject);
    else out[keyword] = value;
  }
  return out;
}

function byName(schemas: JsonObject): Json {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, withoutProse(schema)]));
}
