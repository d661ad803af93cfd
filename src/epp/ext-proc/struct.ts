import { delimited, fixed64, ProtoReader, varint } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** `google.protobuf.Value`. */
export type StructValue = null | number | string | boolean | readonly StructValue[] | Struct;

/** `google.protobuf.Struct`, as Envoy's metadata is made of. */
export interface Struct {
  readonly [name: string]: StructValue;
}

/** Values in values further down than this are read as null. */
const maxDepth = 16;

const nothing: Buffer = Buffer.alloc(0);

/**
 * Reads the entries of a Struct whose names are `wanted`; the others cost nothing but their names.
 *
 *     Struct     1 entry*    entry:  1 name   2 Value
 *     Value      1 null   2 number   3 text   4 boolean   5 Struct   6 ListValue
 *     ListValue  1 Value*
 */
export function readStruct(reader: ProtoReader, wanted: (name: string) => boolean = () => true, depth = 0): Struct {
  const fields = new Map<string, StructValue>();
  while (reader.next()) {
    if (reader.tag !== delimited(1)) {
      reader.skip();
      continue;
    }
    const { name, value } = readEntry(reader);
    if (!wanted(name)) continue;
    const inner = new ProtoReader(value);
    fields.set(name, readValue(inner, depth));
    if (inner.failure !== undefined) reader.fail(inner.failure);
  }
  return Object.fromEntries(fields);
}

/** An entry of a map with text as keys and messages as values. */
export function readEntry(reader: ProtoReader): { readonly name: string; readonly value: Buffer } {
  const outer = reader.enter();
  let name = '';
  let value = nothing;
  while (reader.next()) {
    if (reader.tag === delimited(1)) name = reader.text();
    else if (reader.tag === delimited(2)) value = reader.bytes();
    else reader.skip();
  }
  reader.leave(outer);
  return { name, value };
}

function readValue(reader: ProtoReader, depth: number): StructValue {
  let value: StructValue = null;
  while (reader.next()) {
    if (reader.tag === varint(1)) {
      reader.number();
      value = null;
    } else if (reader.tag === fixed64(2)) value = reader.double();
    else if (reader.tag === delimited(3)) value = reader.text();
    else if (reader.tag === varint(4)) value = reader.number() !== 0;
    else if (reader.tag === delimited(5) && depth < maxDepth) {
      const outer = reader.enter();
      value = readStruct(reader, undefined, depth + 1);
      reader.leave(outer);
    } else if (reader.tag === delimited(6) && depth < maxDepth) value = readList(reader, depth + 1);
    else reader.skip();
  }
  return value;
}

function readList(reader: ProtoReader, depth: number): StructValue[] {
  const outer = reader.enter();
  const values: StructValue[] = [];
  while (reader.next()) {
    if (reader.tag !== delimited(1)) {
      reader.skip();
      continue;
    }
    const end = reader.enter();
    values.push(readValue(reader, depth));
    reader.leave(end);
  }
  reader.leave(outer);
  return values;
}

/** Writes the fields of a Struct; the caller closes it with its own tag. */
export function writeStruct(writer: ProtoWriter, struct: Struct): void {
  for (const [name, value] of Object.entries(struct).reverse()) {
    const entry = writer.length;
    writeValue(writer, 2, value);
    writer.text(1, name);
    writer.wrap(1, entry);
  }
}

function writeValue(writer: ProtoWriter, field: number, value: StructValue): void {
  const mark = writer.length;
  if (value === null) writer.number(1, 0);
  else if (typeof value === 'number') writer.double(2, value);
  else if (typeof value === 'string') writer.text(3, value);
  else if (typeof value === 'boolean') writer.boolean(4, value);
  else {
    const inner = writer.length;
    const fields = isStruct(value);
    if (fields) writeStruct(writer, value);
    else for (const each of value.toReversed()) writeValue(writer, 1, each);
    writer.wrap(fields ? 5 : 6, inner);
  }
  writer.wrap(field, mark);
}

export function isStruct(value: StructValue | undefined): value is Struct {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
