import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { delimited, fixed64, ProtoReader, varint } from './proto-reader.ts';
import { ProtoWriter } from './proto-writer.ts';

/** A field of a message, nested ones too. */
type Field = { readonly number: number } & ({ readonly varint: number } | { readonly double: number } | { readonly text: string } | { readonly message: readonly Field[] });

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record(model, { noNullPrototype: true });
const fieldNumber = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2 ** 29 - 1 }));
const { message } = fc.letrec<{ message: Field[] }>((tie) => ({
  message: fc.array(
    fc.oneof(
      { depthSize: 'small' },
      record({ number: fieldNumber, varint: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.maxSafeNat()) }),
      record({ number: fieldNumber, double: fc.double() }),
      record({ number: fieldNumber, text: fc.string({ unit: 'binary', maxLength: 200 }) }),
      record({ number: fieldNumber, message: tie('message') }),
    ),
    { maxLength: 6 },
  ),
}));

function write(writer: ProtoWriter, fields: readonly Field[]): void {
  for (const field of fields.toReversed()) {
    if ('varint' in field) writer.number(field.number, field.varint);
    else if ('double' in field) writer.double(field.number, field.double);
    else if ('text' in field) writer.text(field.number, field.text);
    else {
      const mark = writer.length;
      write(writer, field.message);
      writer.wrap(field.number, mark);
    }
  }
}

function writeTwin(writer: BinaryWriter, fields: readonly Field[]): BinaryWriter {
  for (const field of fields) {
    if ('varint' in field) writer.tag(field.number, WireType.Varint).uint64(field.varint);
    else if ('double' in field) writer.tag(field.number, WireType.Bit64).double(field.double);
    else if ('text' in field) writer.tag(field.number, WireType.LengthDelimited).string(field.text);
    else writeTwin(writer.tag(field.number, WireType.LengthDelimited).fork(), field.message).join();
  }
  return writer;
}

/** Reads a message of known shape. */
function read(reader: ProtoReader, shape: readonly Field[]): Field[] {
  return shape.map((field) => {
    assert.ok(reader.next());
    const { number } = field;
    if ('varint' in field) {
      assert.equal(reader.tag, varint(number));
      return { number, varint: reader.number() };
    }
    if ('double' in field) {
      assert.equal(reader.tag, fixed64(number));
      return { number, double: reader.double() };
    }
    assert.equal(reader.tag, delimited(number));
    if ('text' in field) return { number, text: reader.text() };
    const outer = reader.enter();
    const inner = read(reader, field.message);
    assert.equal(reader.next(), false);
    reader.leave(outer);
    return { number, message: inner };
  });
}

test('messages are written as protobuf-es writes them', () => {
  const writer = new ProtoWriter();
  fc.assert(fc.property(message, (fields) => {
    write(writer, fields);
    assert.deepEqual(writer.finish(), Buffer.from(writeTwin(new BinaryWriter(), fields).finish()));
  }));
});

test('what was written is read', () => {
  fc.assert(fc.property(message, (fields) => {
    const reader = new ProtoReader(Buffer.from(writeTwin(new BinaryWriter(), fields).finish()));
    assert.deepEqual(read(reader, fields), fields);
    assert.equal(reader.next(), false);
    assert.equal(reader.failure, undefined);
  }));
});

test('unknown fields are passed over', () => {
  fc.assert(fc.property(message, (fields) => {
    const reader = new ProtoReader(Buffer.from(writeTwin(new BinaryWriter(), fields).finish()));
    let count = 0;
    for (; reader.next(); count++) reader.skip();
    assert.deepEqual([count, reader.failure], [fields.length, undefined]);
  }));
});

/** Whether protobuf-es can walk over the fields. Groups it knows, and we do not. */
function isMessage(bytes: Buffer): boolean {
  const reader = new BinaryReader(bytes);
  try {
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      if (type === WireType.StartGroup || type === WireType.EndGroup) return false;
      reader.skip(type, number);
    }
    return reader.pos === reader.len;
  } catch {
    return false;
  }
}

test('bytes that are no message end in a failure, and only they do', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (array) => {
    const bytes = Buffer.from(array);
    const reader = new ProtoReader(bytes);
    while (reader.next()) reader.skip();
    assert.equal(reader.failure === undefined, isMessage(bytes));
  }), { numRuns: 3000 });
});

test('any reading of any bytes ends, within the bytes', () => {
  const steps = fc.array(fc.constantFrom('next', 'number', 'double', 'bytes', 'text', 'enter', 'leave', 'skip'), { maxLength: 40 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), steps, (array, program) => {
    const bytes = Buffer.concat([Buffer.from(array), Buffer.alloc(100, 1)]).subarray(0, array.length);
    const reader = new ProtoReader(bytes);
    const outer: number[] = [];
    for (const step of program) {
      if (step === 'enter') outer.push(reader.enter());
      else if (step === 'leave') reader.leave(outer.pop() ?? bytes.length);
      else if (step === 'bytes') {
        const view = reader.bytes();
        assert.ok(view.byteOffset + view.length <= bytes.byteOffset + bytes.length);
      } else reader[step]();
    }
    // Whatever state it is in, it comes to an end.
    let count = 0;
    for (; reader.next(); count++) reader.skip();
    assert.ok(count <= bytes.length);
  }));
});

test('a number of 64 bits is not mistaken for 0', () => {
  const reader = new ProtoReader(Buffer.from([8, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]));
  assert.ok(reader.next());
  assert.equal(reader.number(), 2 ** 63);
});

test('what an error left behind is not in the next message', () => {
  const writer = new ProtoWriter();
  writer.text(1, 'left behind');
  writer.clear();
  writer.text(2, 'a');
  assert.deepEqual(writer.finish(), Buffer.from([0x12, 1, 97]));
});

test('a large buffer is not kept', () => {
  const writer = new ProtoWriter();
  writer.bytes(1, Buffer.alloc(1_000_000, 7));
  writer.text(2, 'x');
  const large = writer.finish();
  assert.deepEqual([large.length, large.at(-1)], [1_000_000 + 4 + 3, 7]);
  writer.text(1, 'small');
  assert.equal(writer.finish().length, 7);
});
