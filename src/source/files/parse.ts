import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { duplicateJsonKeys } from './json-keys.ts';
import { maxAliases, maxJsonPositionBytes, maxNesting } from './limits.ts';
import { parsePlainYaml } from './plain-yaml.ts';
import { messageOf } from '../../util/error-message.ts';

/** A problem of a document's text, with its line in the document, from 0. */
export interface TextProblem {
  readonly line: number;
  readonly message: string;
}

/** Said of what no parser and no reader of objects gets to the bottom of. */
export const tooDeep = `is nested more than ${maxNesting} levels deep, which is the limit`;

/** A parsed document: its value, or why there is none. */
export type Parsed =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** The line of a field such as `spec.rules[0]`, from 0, or of the nearest thing around it. May parse the text again. */
      readonly lineOf: (field: string) => number;
      /** The same where it costs little; else 0. */
      readonly cheapLineOf: (field: string) => number;
    }
  | { readonly ok: false; readonly problems: readonly TextProblem[] };

/**
 * Parses one document as the core schema of YAML 1.2 has it (`yes` is a string), with merge keys. Keys are strings,
 * and a key given twice is an error, as `kubectl` sees it. What is in the plain style is parsed the quick way.
 */
export function parseYaml(text: string): Parsed {
  const plain = parsePlainYaml(text);
  if (plain === undefined) return parseAnyYaml(text);
  const { value, itemLines } = plain;
  let positions: Parsed | undefined;
  const lineOf = (field: string): number => {
    positions ??= parseAnyYaml(text);
    return positions.ok ? positions.lineOf(field) : 0;
  };
  return { ok: true, value, lineOf, cheapLineOf: (field) => itemLines[Number(/^items\[(\d+)\]$/.exec(field)?.[1])] ?? 0 };
}

/** The same by a parser that knows all of YAML. */
export function parseAnyYaml(text: string): Parsed {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      // Its own check compares each key with each other one of its map; 20,000 keys take seconds.
      uniqueKeys: false,
      stringKeys: true,
      merge: true,
      schema: 'core',
      prettyErrors: false,
      logLevel: 'silent',
      lineCounter: lines,
    });
    // Errors after the first one are mostly echoes of it.
    const [error] = document.errors;
    if (error !== undefined) return { ok: false, problems: [{ line: lineAt(lines, error.pos[0]), message: textError(error) }] };
    const problems = structureProblems(document.contents, lines);
    if (problems.length > 0) return { ok: false, problems: problems.slice(0, maxTextProblems) };
    const value: unknown = document.toJS({ maxAliasCount: maxAliases });
    const lineOf = (field: string): number => lineOfField(document, lines, field);
    return { ok: true, value, lineOf, cheapLineOf: lineOf };
  } catch (error) {
    return { ok: false, problems: [{ line: 0, message: textError(error) }] };
  }
}

/** Problems told of one document. */
const maxTextProblems = 3;

/** A parser that runs out of stack says so in words about itself. */
function textError(error: unknown): string {
  const message = messageOf(error);
  return error instanceof RangeError || message.includes('call stack') ? tooDeep : oneLine(message);
}

/** Parses a JSON text. */
export function parseJson(text: string): Parsed {
  if (text.trim() === '') return { ok: true, value: null, lineOf: noLine, cheapLineOf: noLine };
  try {
    const value: unknown = JSON.parse(text);
    const found = duplicateJsonKeys(text, { maxNesting, maxDuplicates: maxTextProblems });
    if (found === 'too deep') return { ok: false, problems: [{ line: 0, message: tooDeep }] };
    if (found.length > 0) return { ok: false, problems: found.map(({ line, key }) => ({ line, message: givenTwice(key) })) };
    let positions: Parsed | undefined;
    const lineOf = (field: string): number => {
      if (text.length > maxJsonPositionBytes) return 0;
      positions ??= parseAnyYaml(text);
      return positions.ok ? positions.lineOf(field) : 0;
    };
    return { ok: true, value, lineOf, cheapLineOf: noLine };
  } catch (error) {
    const message = textError(error);
    const line = /\(line (\d+) column \d+\)/.exec(message)?.[1];
    const atEnd = message.includes('end of JSON');
    return {
      ok: false,
      problems: [{ line: atEnd ? text.trimEnd().split('\n').length - 1 : Number(line ?? 1) - 1, message }],
    };
  }
}

function noLine(): number {
  return 0;
}

function oneLine(message: string): string {
  return message.replaceAll(/\s+/g, ' ').trim().replace(/:$/, '');
}

function lineAt(lines: LineCounter, offset: number): number {
  return Math.max(0, lines.linePos(offset).line - 1);
}

function givenTwice(key: unknown): string {
  return `key ${JSON.stringify(key)} is given twice in this map`;
}

/** Keys given twice, or that it is nested too deeply. */
function structureProblems(root: unknown, lines: LineCounter): TextProblem[] {
  const problems: TextProblem[] = [];
  let isTooDeep = false;
  const visit = (node: unknown, depth: number): void => {
    if (depth >= maxNesting && (isSeq(node) || isMap(node))) isTooDeep = true;
    if (isTooDeep) return;
    if (isSeq(node)) for (const item of node.items) visit(item, depth + 1);
    if (!isMap(node)) return;
    const seen = new Set<unknown>();
    for (const { key, value } of node.items) {
      visit(value, depth + 1);
      if (!isScalar(key) || key.value === '<<') continue;
      if (seen.has(key.value)) {
        problems.push({ line: lineAt(lines, key.range?.[0] ?? 0), message: givenTwice(key.value) });
      }
      seen.add(key.value);
    }
  };
  visit(root, 0);
  return isTooDeep ? [{ line: 0, message: tooDeep }] : problems;
}

function lineOfField(document: Document, lines: LineCounter, field: string): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const step of fieldSteps(field)) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      if (!isPair(pair)) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined;
      if (item === undefined) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return lineAt(lines, offset);
}

/** `spec.rules[0].labels[a.b/c]` as `spec`, `rules`, `0`, `labels`, `a.b/c`. */
function fieldSteps(field: string): string[] {
  return [...field.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map((match) => (match[1] ?? match[0]).replace(/^"(.*)"$/, '$1'));
}
