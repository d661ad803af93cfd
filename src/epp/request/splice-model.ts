import type { ModelPlace } from './parsed-body.ts';

/**
 * A body with another model name: the chunks as they are but for the name, which is cut out and replaced, or put in where there is none.
 * No byte is copied. If the body has several names, the last one is replaced, which is the one that servers read.
 * @param chunks from the body's beginning on, at least up to `place.end`
 */
export function spliceModel(chunks: readonly Uint8Array[], { start, end, fieldsFollow }: ModelPlace, name: string): Uint8Array[] {
  const value = JSON.stringify(name);
  const field = start === end ? `"model":${value}${fieldsFollow ? ',' : ''}` : value;
  return [...cut(chunks, 0, start), Buffer.from(field), ...cut(chunks, end, Infinity)];
}

/** The bytes from `from` to `to` of all chunks. */
function cut(chunks: readonly Uint8Array[], from: number, to: number): Uint8Array[] {
  let offset = 0;
  const parts: Uint8Array[] = [];
  for (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, from - offset), Math.max(0, Math.min(chunk.length, to - offset)));
    if (part.length > 0) parts.push(part);
    offset += chunk.length;
  }
  return parts;
}
