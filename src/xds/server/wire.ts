import { TYPE_URL, type XdsType } from './types.ts';
import type { XdsResource } from './resources.ts';

/**
 * The two messages of delta ADS by hand. Resources are encoded already and protobuf messages concatenate, so a response
 * is copied together. Held against protobuf-es in the tests.
 *
 *     DeltaDiscoveryResponse   2 resources*   4 type_url   5 nonce   6 removed_resources*
 *     Resource                 1 version      2 resource (Any)      3 name
 *     Any                      1 type_url     2 value
 */
const LENGTH_DELIMITED = 2;
const tag = (field: number): number => (field << 3) | LENGTH_DELIMITED;

/** What a response to one stream says. */
export interface Response {
  readonly type: XdsType;
  readonly nonce: string;
  readonly resources: readonly XdsResource[];
  readonly removed: readonly string[];
}

/** Who a client says it is. */
export interface ClientNode {
  readonly id: string;
  readonly cluster: string;
  /** `locality.zone`, '' when it has none. */
  readonly zone: string;
  /** Text of its metadata under `nodeNameKey`, '' when there is none: the machine that it runs on. */
  readonly nodeName: string;
}

/** Where a client's metadata names the machine. */
export const nodeNameKey = 'node_name';

/** A DeltaDiscoveryRequest, the part that the server reads. */
export interface DeltaRequest {
  readonly node: ClientNode | undefined;
  readonly typeUrl: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly initialVersions: ReadonlyMap<string, string>;
  readonly nonce: string;
  /** Why the response was rejected; undefined for an ACK. */
  readonly error: string | undefined;
}

/** Bytes of a varint. */
function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Bytes of a length-delimited field with a number below 16. */
function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

function bodySizes(type: XdsType, resource: XdsResource): { any: number; resource: number } {
  const any = fieldSize(TYPE_URL[type].length) + fieldSize(resource.bytes.length);
  return {
    any,
    resource: fieldSize(Buffer.byteLength(resource.version)) + fieldSize(any) + fieldSize(Buffer.byteLength(resource.name)),
  };
}

/** Bytes that a resource adds to a response. */
export function sizeInResponse(type: XdsType, resource: XdsResource): number {
  return fieldSize(bodySizes(type, resource).resource);
}

/** Encodes a DeltaDiscoveryResponse. */
export function encodeResponse(response: Response): Buffer {
  const { type, nonce, resources, removed } = response;
  let size = fieldSize(TYPE_URL[type].length) + fieldSize(Buffer.byteLength(nonce));
  for (const resource of resources) size += sizeInResponse(type, resource);
  for (const name of removed) size += fieldSize(Buffer.byteLength(name));
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  const header = (field: number, length: number): void => {
    out[at++] = tag(field);
    let rest = length;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[at++] = (rest % 0x80) | 0x80;
    out[at++] = rest;
  };
  const text = (field: number, value: string): void => {
    header(field, Buffer.byteLength(value));
    at += out.write(value, at);
  };
  for (const resource of resources) {
    const sizes = bodySizes(type, resource);
    header(2, sizes.resource);
    text(1, resource.version);
    header(2, sizes.any);
    text(1, TYPE_URL[type]);
    header(2, resource.bytes.length);
    out.set(resource.bytes, at);
    at += resource.bytes.length;
    text(3, resource.name);
  }
  text(4, TYPE_URL[type]);
  text(5, nonce);
  for (const name of removed) text(6, name);
  return out;
}

/** Calls `visit` for each length-delimited field of a message; other fields are skipped. Throws on bytes that are no message. */
function eachField(bytes: Buffer, visit: (field: number, value: Buffer) => void): void {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 2 ** 63) throw new Error('malformed DeltaDiscoveryRequest: truncated number');
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const wire = key & 7;
    let length = 0;
    if (wire === 0) varint();
    else if (wire === 1) length = 8;
    else if (wire === LENGTH_DELIMITED) length = varint();
    else if (wire === 5) length = 4;
    else throw new Error(`malformed DeltaDiscoveryRequest: wire type ${wire}`);
    if (at + length > bytes.length) throw new Error('malformed DeltaDiscoveryRequest: truncated field');
    if (wire === LENGTH_DELIMITED) visit(Math.floor(key / 8), bytes.subarray(at, at + length));
    at += length;
  }
}

/** The first two text fields of a message: enough for a map entry, Status (message is 2) and more. */
function pairOf(bytes: Buffer): { first: string; second: string } {
  let first = '';
  let second = '';
  eachField(bytes, (field, value) => {
    if (field === 1) first = value.toString();
    else if (field === 2) second = value.toString();
  });
  return { first, second };
}

/**
 *     Node      1 id   2 cluster   3 metadata (Struct)   4 locality
 *     Struct    1 entry*           entry: 1 name   2 value          value: 3 text
 *     Locality  2 zone
 */
function nodeOf(bytes: Buffer): ClientNode {
  const { first: id, second: cluster } = pairOf(bytes);
  let zone = '';
  let nodeName = '';
  eachField(bytes, (field, value) => {
    if (field === 4) zone = pairOf(value).second;
    if (field !== 3) return;
    eachField(value, (_one, entry) => {
      if (pairOf(entry).first === nodeNameKey) nodeName = textOf(entry);
    });
  });
  return { id, cluster, zone, nodeName };
}

/** The text that is the value of an entry of a Struct; '' when it is none. */
function textOf(entry: Buffer): string {
  let text = '';
  eachField(entry, (field, value) => {
    if (field === 2) eachField(value, (kind, content) => (text = kind === 3 ? content.toString() : text));
  });
  return text;
}

/** Decodes a DeltaDiscoveryRequest. Throws when the bytes are none. */
export function decodeRequest(bytes: Buffer): DeltaRequest {
  let node: DeltaRequest['node'];
  let typeUrl = '';
  let nonce = '';
  let error: string | undefined;
  const subscribe: string[] = [];
  const unsubscribe: string[] = [];
  const initialVersions = new Map<string, string>();
  eachField(bytes, (field, value) => {
    if (field === 1) node = nodeOf(value);
    else if (field === 2) typeUrl = value.toString();
    else if (field === 3) subscribe.push(value.toString());
    else if (field === 4) unsubscribe.push(value.toString());
    else if (field === 5) {
      const { first, second } = pairOf(value);
      initialVersions.set(first, second);
    } else if (field === 6) nonce = value.toString();
    else if (field === 7) error = pairOf(value).second;
  });
  return { node, typeUrl, subscribe, unsubscribe, initialVersions, nonce, error };
}
