import type { Schema } from './definition.ts';

/** What a decoded value of a schema looks like, in the words of TypeScript. Objects are told apart by their text alone. */
export type Shape =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'array'; readonly item: Shape; readonly text: string }
  | { readonly kind: 'map'; readonly value: Shape; readonly text: string }
  | { readonly kind: 'object'; readonly properties: readonly Property[]; readonly text: string };

/** A property of an object. */
export interface Property {
  readonly name: string;
  readonly optional: boolean;
  readonly nullable: boolean;
  readonly shape: Shape;
}

/**
 * The shape of a schema. `text` is the whole shape written out: two objects of equal text are one type.
 * A property is there when the schema asks for it or gives it a default, for decoded objects have their defaults.
 */
export function shapeOf(schema: Schema): Shape {
  if (schema['x-kubernetes-int-or-string'] === true) return plain('number | string');
  if (schema.enum !== undefined) return plain(schema.enum.map((value) => JSON.stringify(value)).join(' | '));
  if (schema.type === undefined) return plain('unknown');
  switch (schema.type) {
    case 'array': {
      const item = shapeOf(schema.items ?? {});
      return { kind: 'array', item, text: `(${item.text})[]` };
    }
    case 'object':
      return objectShape(schema);
    case 'integer':
    case 'number':
      return plain('number');
    case 'boolean':
    case 'string':
      return plain(schema.type);
  }
}

function plain(text: string): Shape {
  return { kind: 'text', text };
}

function objectShape(schema: Schema): Shape {
  const entries = Object.entries(schema.properties ?? {});
  if (entries.length === 0) {
    const more = schema.additionalProperties;
    const value = typeof more === 'object' ? shapeOf(more) : plain('unknown');
    return { kind: 'map', value, text: `{[*]: ${value.text}}` };
  }
  const properties = entries.map(([name, property]): Property => ({
    name,
    optional: !(schema.required?.includes(name) ?? false) && property.default === undefined,
    nullable: property.nullable === true,
    shape: shapeOf(property),
  }));
  const parts = properties.map(({ name, optional, nullable, shape }) => `${name}${optional ? '?' : ''}${nullable ? '~' : ''}: ${shape.text}`);
  return { kind: 'object', properties, text: `{${parts.join('; ')}}` };
}
