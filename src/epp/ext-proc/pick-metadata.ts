import { delimited, ProtoReader } from './proto-reader.ts';
import { readEntry, readStruct, type StructValue } from './struct.ts';

/** What Envoy's metadata says to a picker (endpoint picker protocol). */
export interface PickMetadata {
  /** `ip:port` or `ip` of the endpoints that are allowed; empty: none is. undefined: any. */
  readonly subset: readonly string[] | undefined;
  /** `ip:port` that answered, told with the answer. */
  readonly served: string | undefined;
}

const subsetNamespace = 'envoy.lb.subset_hint';
const subsetKey = 'x-gateway-destination-endpoint-subset';
const servedNamespace = 'envoy.lb';
const servedKey = 'x-gateway-destination-endpoint-served';

/** Reads `envoy.config.core.v3.Metadata`, the value of the field that the reader is at: 1 filter_metadata, a map of Structs. */
export function readMetadata(reader: ProtoReader, earlier: PickMetadata | undefined): PickMetadata | undefined {
  let { subset, served } = earlier ?? { subset: undefined, served: undefined };
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.tag !== delimited(1)) {
      reader.skip();
      continue;
    }
    const { name, value } = readEntry(reader);
    if (name === subsetNamespace) subset = addresses(lookUp(reader, value, subsetKey));
    else if (name === servedNamespace) served = text(lookUp(reader, value, servedKey));
  }
  reader.leave(outer);
  return subset === undefined && served === undefined ? undefined : { subset, served };
}

function lookUp(outer: ProtoReader, struct: Buffer, key: string): StructValue | undefined {
  const reader = new ProtoReader(struct);
  const value = readStruct(reader, (name) => name === key)[key];
  if (reader.failure !== undefined) outer.fail(reader.failure);
  return value;
}

/** A list of addresses, or one text with commas. What is neither names no address. */
function addresses(value: StructValue | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const parts = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [];
  return parts.map((part: unknown) => (typeof part === 'string' ? part.trim() : '')).filter((part) => part !== '');
}

function text(value: StructValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
