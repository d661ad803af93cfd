import { isUtf8 } from 'node:buffer';
import type { Problem } from '../../api/problem.ts';
import type { Resource } from '../../api/resource.ts';
import { MAX_OBJECT_BYTES, excess } from '../../api/size.ts';
import { contentHash } from '../../util/hash.ts';
import type { Decode, FileProblem } from './changes.ts';
import { confirmMs, doubtMs, maxObjectTextBytes, maxProblemsPerFile, maxYamlDocumentBytes } from './limits.ts';
import { guessIdentity, identityOf, listError, unfold, type Identity, type RawObject } from './objects.ts';
import { parseJson, parseYaml, tooDeep, type Parsed, type TextProblem } from './parse.ts';
import { leadingLines, splitDocuments, type Span } from './split.ts';
import { messageOf } from '../../util/error-message.ts';

/** One object in a file. */
export interface Entry {
  readonly identity: Identity;
  /** The resource, or its last good version while the text says something that is not valid. */
  readonly resource: Resource | undefined;
  /** The very object that the resource refers to, so that its line can follow when lines are added above. */
  readonly origin: { readonly file: string; line: number };
  readonly problems: readonly LocatedProblem[];
  /** Hash of the item of a List; empty for an object that is a document. */
  readonly itemHash: string;
  /** Its kind means nothing to a gateway. */
  readonly ignored: boolean;
}

/** A problem and its line in the document, from 0. */
interface LocatedProblem extends Problem {
  readonly line: number;
}

/** A document that was parsed. It is used again as long as the file has a document with the same bytes. */
interface Piece {
  readonly hash: string;
  readonly objects: readonly { readonly entry: Entry; readonly line: number }[];
  readonly problems: readonly TextProblem[];
}

/** What was read from one file. Nothing in it changes but the lines of origins. */
export interface FileContent {
  readonly bytes: number;
  readonly pieces: readonly { readonly piece: Piece; readonly linesBefore: number }[];
  /** Last good objects that may be in the documents that do not parse. */
  readonly kept: readonly Entry[];
  /** The file is empty by now; the rest is what it had before. */
  readonly isBlank: boolean;
}

export const emptyContent: FileContent = { bytes: 0, pieces: [], kept: [], isBlank: false };

/**
 * Reads a file's bytes, parsing only the documents that `previous` does not have.
 *
 *     bytes ─split─► documents ─hash─► known: used again
 *                                 └──► new: parse ─► unfold Lists ─► decode ─► entries
 *
 * What is broken keeps its last good version: an object that is not valid keeps its own, a document that does not parse
 * keeps all objects which the file had and has nowhere else now, and so does a file that was emptied: by its writer, who
 * is not done or failed, more likely than by somebody who means it.
 */
export function readContent(file: string, bytes: Uint8Array, options: { readonly previous: FileContent; readonly decode: Decode }): FileContent {
  const { previous, decode } = options;
  if (isBlank(bytes) && entriesOf(previous).some(({ resource }) => resource !== undefined)) return { ...previous, isBlank: true };
  const isJson = file.endsWith('.json');
  const spans: readonly Span[] = isJson ? [{ start: 0, end: bytes.length, linesBefore: 0 }] : splitDocuments(bytes);
  const pool = new Pool(previous);
  const known = spans.map((span) => {
    const hash = contentHash(bytes.subarray(span.start, span.end));
    return { span, hash, piece: pool.take(hash) };
  });
  const pieces = known.map(({ span, hash, piece }) => ({
    linesBefore: span.linesBefore,
    piece: piece ?? readPiece({ file, hash, isJson, decode, pool, bytes: bytes.subarray(span.start, span.end) }),
  }));
  const kept = pieces.some(({ piece }) => piece.problems.length > 0) ? pool.rest(pieces.map(({ piece }) => piece)) : [];
  return { bytes: bytes.length, pieces, kept, isBlank: false };
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

/** Writes the lines of this content into the origins of its objects. To be called when the content becomes the current one. */
export function placeOrigins(content: FileContent): void {
  for (const { piece, linesBefore } of content.pieces) {
    for (const { entry, line } of piece.objects) entry.origin.line = linesBefore + line + 1;
  }
}

/** All objects of a file, good ones and others. */
export function entriesOf(content: FileContent): Entry[] {
  const entries = content.pieces.flatMap(({ piece }) => piece.objects.map(({ entry }) => entry));
  return content.kept.length === 0 ? entries : [...entries, ...content.kept];
}

/** The problems of a file and of the objects in it, in the order of lines. Kinds that are ignored are mentioned once. */
export function problemsOf(file: string, content: FileContent): FileProblem[] {
  if (content.isBlank) {
    const message = 'file is empty: its objects stay as they were until it has content or is removed';
    return [{ file, line: 0, kind: '', key: '', severity: 'warning', field: '', message }];
  }
  const problems: FileProblem[] = [];
  const ignoredKinds = new Set<string>();
  for (const { piece, linesBefore } of content.pieces) {
    for (const { line, message } of piece.problems) {
      problems.push({ file, line: linesBefore + line + 1, kind: '', key: '', severity: 'error', field: '', message });
    }
    for (const { entry } of piece.objects) {
      const { kind, key } = entry.identity;
      if (entry.ignored && ignoredKinds.has(kind)) continue;
      if (entry.ignored) ignoredKinds.add(kind);
      for (const { severity, field, message, line } of entry.problems) {
        problems.push({ file, line: linesBefore + line + 1, kind, key, severity, field, message });
      }
    }
  }
  const more = problems.length - maxProblemsPerFile;
  if (more <= 0) return problems;
  const last: FileProblem = { file, line: 0, kind: '', key: '', severity: 'error', field: '', message: `and ${more} more problems` };
  return [...problems.slice(0, maxProblemsPerFile), last];
}

/** How long (ms) nobody must have written in place to a file with this content: longer the more it looks as if its writer were not done. */
export function quietNeeded(content: FileContent, previous: FileContent, confirm = confirmMs): number {
  const before = entriesOf(previous);
  const unreadable = content.isBlank || content.pieces.some(({ piece }) => piece.problems.length > 0);
  const ids = new Set(entriesOf(content).map(({ identity }) => identity.id));
  if (before.length > 0 && (unreadable || before.some(({ identity }) => !ids.has(identity.id)))) return confirm;
  const broken = unreadable || content.pieces.some(({ piece }) => piece.objects.some(({ entry }) => hasErrors(entry.problems)));
  return broken || content.bytes < previous.bytes ? doubtMs : 0;
}

function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

/** What the content before offers to the new one, each thing once. */
class Pool {
  readonly #pieces = new Map<string, Piece[]>();
  readonly #previous: FileContent;
  readonly #taken = new Set<Entry>();
  #byId: Map<string, Entry[]> | undefined;
  #byItemHash: Map<string, Entry[]> | undefined;

  constructor(previous: FileContent) {
    this.#previous = previous;
    for (const { piece } of previous.pieces) add(this.#pieces, piece.hash, piece);
  }

  /** A document with these bytes. */
  take(hash: string): Piece | undefined {
    const piece = this.#pieces.get(hash)?.shift();
    for (const { entry } of piece?.objects ?? []) this.#taken.add(entry);
    return piece;
  }

  /** An item of a List with this value, if nothing was wrong with it. */
  takeItem(itemHash: string): Entry | undefined {
    this.#byItemHash ??= this.#indexed(({ itemHash }) => itemHash);
    return this.#takeFrom(this.#byItemHash.get(itemHash), ({ problems }) => problems.length === 0);
  }

  /** An earlier good version of an object: the same version as `version`, or any if it is undefined. */
  takeGood(id: string, version: string | undefined): Entry | undefined {
    this.#byId ??= this.#indexed(({ identity }) => identity.id);
    return this.#takeFrom(this.#byId.get(id), ({ resource }) => resource !== undefined && (version ?? resource.version) === resource.version);
  }

  /** Good objects that the new content does not have. */
  rest(pieces: readonly Piece[]): Entry[] {
    const ids = new Set(pieces.flatMap(({ objects }) => objects.map(({ entry }) => entry.identity.id)));
    return entriesOf(this.#previous).filter(
      (entry) => entry.resource !== undefined && !this.#taken.has(entry) && !ids.has(entry.identity.id),
    );
  }

  #indexed(by: (entry: Entry) => string): Map<string, Entry[]> {
    const index = new Map<string, Entry[]>();
    for (const entry of entriesOf(this.#previous)) if (by(entry) !== '') add(index, by(entry), entry);
    return index;
  }

  #takeFrom(entries: readonly Entry[] | undefined, accept: (entry: Entry) => boolean): Entry | undefined {
    const found = entries?.find((entry) => !this.#taken.has(entry) && accept(entry));
    if (found !== undefined) this.#taken.add(found);
    return found;
  }
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

interface PieceOptions {
  readonly file: string;
  readonly hash: string;
  readonly isJson: boolean;
  readonly decode: Decode;
  readonly pool: Pool;
  readonly bytes: Uint8Array;
}

function readPiece(options: PieceOptions): Piece {
  const { hash, bytes, isJson } = options;
  const failed = (message: string): Piece => ({ hash, objects: [], problems: [{ line: 0, message }] });
  if (!isUtf8(bytes)) return failed('is not UTF-8');
  // A string of its own: a slice of the whole file's text would keep that alive as long as anything of this document lives.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  if (!isJson && bytes.length > maxObjectTextBytes) {
    if (!/^\s*"?kind"?:[ \t]*"?\w*List"?,?\s*$/m.test(text)) {
      return { hash, problems: [], objects: [refused(options, { identity: guessIdentity(text), line: leadingLines(text), message: `Request entity too large: limit is ${maxObjectTextBytes} bytes of text` })] };
    }
    if (bytes.length > maxYamlDocumentBytes) {
      return failed(`this document has ${bytes.length} bytes, the limit is ${maxYamlDocumentBytes}: write its items as documents of their own, or as JSON`);
    }
  }
  const parsed = isJson ? parseJson(text) : parseYaml(text);
  if (!parsed.ok) return { hash, objects: [], problems: parsed.problems };
  try {
    return { hash, objects: readObjects(text, parsed, options), problems: [] };
  } catch (error) {
    return failed(error instanceof RangeError ? tooDeep : `cannot be read: ${String(error)}`);
  }
}

function readObjects(text: string, parsed: Parsed & { readonly ok: true }, options: PieceOptions): Piece['objects'] {
  const objects = unfold(parsed.value);
  const firstLine = leadingLines(text);
  const isList = objects.length !== 1 || objects[0]?.field !== '';
  const mayBeLarge = text.length > MAX_OBJECT_BYTES || text.includes('*');
  return objects.map((object) => {
    const line = object.field === '' ? firstLine : parsed.cheapLineOf(object.field);
    // Before anything makes a text of it: aliases make large objects of short texts.
    const message = mayBeLarge ? excess(object.value) : undefined;
    if (message !== undefined) return refused(options, { identity: identityOf(object.value), line, message });
    const itemHash = isList ? contentHash(JSON.stringify(object.value) ?? '') : '';
    const known = isList ? options.pool.takeItem(itemHash) : undefined;
    return { line, entry: known ?? readObject(object, { ...options, parsed, line, itemHash }) };
  });
}

/** An object that is not even decoded. */
function refused(
  { file, pool }: PieceOptions,
  { identity, line, message }: { readonly identity: Identity; readonly line: number; readonly message: string },
): Piece['objects'][number] {
  const good = pool.takeGood(identity.id, undefined);
  const origin = good?.origin ?? { file, line: line + 1 };
  const problems: LocatedProblem[] = [{ severity: 'error', field: '', message, line }];
  return { line, entry: { identity, resource: good?.resource, origin, problems, itemHash: '', ignored: false } };
}

function readObject(
  { value, field }: RawObject,
  options: PieceOptions & { readonly parsed: Parsed & { readonly ok: true }; readonly line: number; readonly itemHash: string },
): Entry {
  const { file, parsed, line, itemHash, pool } = options;
  const identity = identityOf(value);
  const origin = { file, line: line + 1 };
  const decoded = decodeSafely(value, origin, options.decode);
  const problems = decoded.problems.map((problem) => ({
    severity: problem.severity,
    field: problem.field,
    message: problem.message,
    line: problem.field === '' ? line : parsed.lineOf(field === '' ? problem.field : `${field}.${problem.field}`),
  }));
  const { resource } = decoded;
  const ignored = resource === undefined && !hasErrors(problems);
  if (ignored) return { identity, resource, origin, problems, itemHash, ignored };
  const earlier = pool.takeGood(identity.id, resource?.version);
  const known = resource === undefined ? identity : { ...identity, key: resource.key };
  // The same version stays the same object, so that a changed comment changes nothing.
  return { identity: known, resource: earlier?.resource ?? resource, origin: earlier?.origin ?? origin, problems, itemHash, ignored };
}

function decodeSafely(value: unknown, origin: Entry['origin'], decode: Decode): ReturnType<Decode> {
  if (typeof value !== 'object' || value === null) {
    return { resource: undefined, problems: [{ severity: 'error', field: '', message: `must be an object, not ${JSON.stringify(value)?.slice(0, 60)}` }] };
  }
  const noList = listError(value);
  if (noList !== undefined) return { resource: undefined, problems: [{ severity: 'error', field: 'items', message: noList }] };
  try {
    return decode(value, origin);
  } catch (error) {
    const message = error instanceof RangeError ? tooDeep : `decoding failed: ${messageOf(error)}`;
    return { resource: undefined, problems: [{ severity: 'error', field: '', message }] };
  }
}
