import { compilePattern } from './pattern.ts';
import type { Pattern } from './pattern.ts';

/** The dialect of JSON schema that CustomResourceDefinitions speak, as far as the definitions that we read use it. */
export interface Schema {
  readonly type?: SchemaType;
  readonly format?: string;
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

export type SchemaType = 'array' | 'boolean' | 'integer' | 'number' | 'object' | 'string';

/** A CEL rule of a schema. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
  readonly fieldPath?: string;
}

/** Keywords that a schema may have: one that is not here would be ignored silently, so compiling refuses it. */
const KEYWORDS: ReadonlySet<string> = new Set([
  'additionalProperties', 'allOf', 'anyOf', 'default', 'enum', 'format', 'items', 'maxItems', 'maxLength', 'maxProperties',
  'maximum', 'minItems', 'minLength', 'minProperties', 'minimum', 'not', 'nullable', 'oneOf', 'pattern', 'properties', 'required',
  'type', 'x-kubernetes-int-or-string', 'x-kubernetes-list-map-keys', 'x-kubernetes-list-type', 'x-kubernetes-map-type',
  'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations',
] satisfies (keyof Schema)[]);

/** Formats of strings that the API server checks; it ignores the others, and so do we. */
const STRING_FORMATS: ReadonlySet<string> = new Set(['byte', 'date-time', 'ipv4', 'ipv6']);
const INTEGER_FORMATS: ReadonlySet<string> = new Set(['int32', 'int64']);

/** A schema made ready for walking objects: lookups instead of lists, compiled patterns, knowledge about what is below. */
export interface Node {
  readonly schema: Schema;
  /** Types that are allowed; empty when any is. */
  readonly types: readonly SchemaType[];
  /** A format that the API server checks, or ''. */
  readonly format: string;
  readonly nullable: boolean;
  readonly properties: ReadonlyMap<string, Node>;
  /** Schema of the values of a map; `true` when it may hold anything. */
  readonly additional: Node | true | undefined;
  readonly items: Node | undefined;
  readonly pattern: Pattern | undefined;
  readonly allOf: readonly Node[];
  readonly anyOf: readonly Node[];
  readonly oneOf: readonly Node[];
  readonly not: Node | undefined;
  readonly rules: readonly ValidationRule[];
  /** True when this schema or one below it has CEL rules. */
  readonly hasRules: boolean;
}

const NONE: readonly Node[] = [];
const NO_PROPERTIES: ReadonlyMap<string, Node> = new Map();
const NO_RULES: readonly ValidationRule[] = [];

/** Makes a schema ready. Throws when it uses something that this program does not know: that is a bug, not bad input. */
export function compileSchema(schema: Schema): Node {
  for (const keyword in schema) if (!KEYWORDS.has(keyword)) throw new Error(`schema keyword ${keyword} is not supported`);
  const properties = schema.properties === undefined ? NO_PROPERTIES : new Map(Object.entries(schema.properties).map(([name, one]) => [name, compileSchema(one)]));
  const more = schema.additionalProperties;
  const additional = typeof more === 'object' ? compileSchema(more) : more === true ? true : undefined;
  const items = schema.items === undefined ? undefined : compileSchema(schema.items);
  const rules = schema['x-kubernetes-validations'] ?? NO_RULES;
  const below = [...properties.values(), ...(typeof additional === 'object' ? [additional] : []), ...(items === undefined ? [] : [items])];
  return {
    schema,
    types: schema['x-kubernetes-int-or-string'] === true ? ['integer', 'string'] : schema.type === undefined ? [] : [schema.type],
    format: checkedFormat(schema),
    nullable: schema.nullable === true,
    properties,
    additional,
    items,
    pattern: schema.pattern === undefined ? undefined : compilePattern(schema.pattern),
    allOf: schema.allOf?.map(compileSchema) ?? NONE,
    anyOf: schema.anyOf?.map(compileSchema) ?? NONE,
    oneOf: schema.oneOf?.map(compileSchema) ?? NONE,
    not: schema.not === undefined ? undefined : compileSchema(schema.not),
    rules,
    hasRules: rules.length > 0 || below.some((node) => node.hasRules),
  };
}

function checkedFormat({ type, format = '' }: Schema): string {
  if (type === undefined || type === 'string') return STRING_FORMATS.has(format) ? format : '';
  return type === 'integer' && INTEGER_FORMATS.has(format) ? format : '';
}
