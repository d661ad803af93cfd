/** A member of a tar archive. Owners are root and times are 0 unless said otherwise: the same members give the same bytes. */
export interface TarEntry {
  /** Without a slash in front. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'symlink';
  /** Permission bits. */
  readonly mode: number;
  /** Of a file. */
  readonly content?: Uint8Array;
  /** Of a symlink. */
  readonly target?: string;
}

const block = 512;
const typeFlags = { file: '0', symlink: '2', folder: '5' } as const;

/** Lengths of fields in a ustar header. */
const nameLength = 100;
const prefixLength = 155;

/** The archive as chunks: POSIX ustar (IEEE Std 1003.1, pax "ustar Interchange Format"), with a pax header for a path that does not fit. */
export function* tarChunks(entries: Iterable<TarEntry>): Generator<Uint8Array> {
  for (const entry of entries) yield* member(entry);
  yield Buffer.alloc(2 * block);
}

function* member({ path, kind, mode, content = new Uint8Array(), target = '' }: TarEntry): Generator<Uint8Array> {
  const name = kind === 'folder' ? `${path.replace(/\/$/, '')}/` : path;
  const split = splitName(name);
  const records = [...(split === undefined ? [record('path', name)] : []), ...(Buffer.byteLength(target) > nameLength ? [record('linkpath', target)] : [])];
  if (records.length > 0) {
    const body = Buffer.concat(records);
    yield header({ name: 'pax', prefix: '', mode: 0o644, size: body.length, flag: 'x', target: '' });
    yield body;
    yield padding(body.length);
  }
  const { prefix, name: last } = split ?? { prefix: '', name: Buffer.from(name).subarray(0, nameLength).toString('latin1') };
  const size = kind === 'file' ? content.length : 0;
  yield header({ name: last, prefix, mode, size, flag: typeFlags[kind], target: Buffer.from(target).subarray(0, nameLength).toString('latin1') });
  if (size === 0) return;
  yield content;
  yield padding(size);
}

/** A path in the two fields that ustar has for it, as bytes in latin1; undefined when it does not fit. */
function splitName(path: string): { prefix: string; name: string } | undefined {
  const bytes = Buffer.from(path).toString('latin1');
  if (bytes.length <= nameLength) return { prefix: '', name: bytes };
  for (let at = bytes.indexOf('/'); at !== -1 && at <= prefixLength; at = bytes.indexOf('/', at + 1)) {
    const name = bytes.slice(at + 1);
    if (name !== '' && name.length <= nameLength) return { prefix: bytes.slice(0, at), name };
  }
  return undefined;
}

function header({ name, prefix, mode, size, flag, target }: { name: string; prefix: string; mode: number; size: number; flag: string; target: string }): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  const fields: readonly (readonly [number, string])[] = [
    [0, name], [100, octal(mode, 8)], [108, octal(0, 8)], [116, octal(0, 8)], [124, octal(size, 12)], [136, octal(0, 12)],
    [148, ' '.repeat(8)], [156, flag], [157, target], [257, 'ustar\0'], [263, '00'], [265, 'root'], [297, 'root'],
    [329, octal(0, 8)], [337, octal(0, 8)], [345, prefix],
  ];
  for (const [at, text] of fields) bytes.write(text, at, 'latin1');
  // The checksum is computed with its own field full of spaces, and has six digits.
  bytes.write(`${bytes.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

/** "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
function record(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const size = Buffer.byteLength(rest);
  let length = size + String(size).length;
  if (String(length).length > String(size).length) length = size + String(length).length;
  return Buffer.from(`${length}${rest}`);
}

function padding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block);
}
