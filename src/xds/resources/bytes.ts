import { create, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { Any } from '@bufbuild/protobuf/wkt';

/** Encodes a message from its plain fields. */
export function encode<Desc extends DescMessage>(schema: Desc, fields: MessageInitShape<Desc>): Uint8Array {
  return toBinary(schema, create(schema, fields));
}

/** Wraps a message as `type.googleapis.com/NAME`, the form in which Envoy takes extension configuration. */
export function any<Desc extends DescMessage>(schema: Desc, fields: MessageInitShape<Desc>): Any {
  return anyPack(schema, create(schema, fields));
}

/**
 * Joins encoded pieces of one message: protobuf merges a message that is written in several parts, and appends
 * repeated fields in order (https://protobuf.dev/programming-guides/encoding/#last-one-wins).
 */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Appends encoded messages to a repeated field of an encoded message, in one allocation.
 *
 *     head │ tag length item │ tag length item │ …
 */
export function appendMessages(head: Uint8Array, field: number, items: readonly Uint8Array[]): Uint8Array {
  const tag = ((field << 3) | lengthDelimited) >>> 0;
  let size = head.length;
  for (const item of items) size += varintSize(tag) + varintSize(item.length) + item.length;
  const bytes = new Uint8Array(size);
  bytes.set(head, 0);
  let at = head.length;
  for (const item of items) {
    at = writeVarint(bytes, at, tag);
    at = writeVarint(bytes, at, item.length);
    bytes.set(item, at);
    at += item.length;
  }
  return bytes;
}

const lengthDelimited = 2;

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) size++;
  return size;
}

function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}
