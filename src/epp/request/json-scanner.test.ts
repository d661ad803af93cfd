import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonScanner, keptLimit, maxDepth, stringUse, type JsonHandler, type StringUse } from './json-scanner.ts';
import { PromptHasher } from '../prefix/prompt-hasher.ts';
import { TextBuffer } from '../prefix/text-buffer.ts';

/** Writes down what it is told, and has strings used as `use` says. */
class Recorder implements JsonHandler {
  readonly text = new TextBuffer(64);
  readonly tokens = false;
  readonly dropped = Buffer.from('drop');
  readonly told: unknown[] = [];
  readonly scanner = new JsonScanner(this);
  readonly #use: StringUse;

  constructor(use: StringUse) {
    this.#use = use;
    this.text.lend(new PromptHasher({ blockTokens: 16_384, maxBlocks: 0 }));
  }

  #kept(): string {
    return this.scanner.kept.toString('utf8', 0, Math.min(keptLimit, this.scanner.keptBytes));
  }

  key(): void {
    this.told.push({ key: this.#kept() });
  }

  string(): StringUse {
    this.text.at = 0;
    return this.#use;
  }

  stringEnd(): void {
    const { scanner, text } = this;
    this.told.push({ string: this.#use === stringUse.keep ? this.#kept() : Buffer.from(text.bytes.subarray(0, text.at)).toString() });
    this.told.push([scanner.stringStart, scanner.stringEnd]);
  }

  number(): void {
    this.told.push({ number: this.#kept(), whole: this.scanner.whole });
  }

  literal(_depth: number, value: boolean | null): void {
    this.told.push(value);
  }

  open(depth: number, array: boolean, offset: number): void {
    this.told.push({ open: array, depth, offset });
  }

  close(depth: number, array: boolean): void {
    this.told.push({ close: array, depth });
  }
}

function scan(body: Uint8Array, cuts: readonly number[] = [], use: StringUse = stringUse.keep): Recorder {
  const recorder = new Recorder(use);
  const ends = [...cuts.map((cut) => cut % (body.length + 1)), body.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    recorder.scanner.push(body.subarray(from, end));
    from = end;
  }
  recorder.scanner.end();
  return recorder;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });

test('it tells keys, values, depths and where strings are', () => {
  const { told, scanner } = scan(Buffer.from(' {"a":["x\\u00e9",1.5,12,-0], "b" : {"c":null,"d":true}}\n'));
  assert.equal(scanner.fault, undefined);
  assert.deepEqual(told, [
    { open: false, depth: 0, offset: 1 }, { key: 'a' }, { open: true, depth: 1, offset: 6 }, { string: 'xé' }, [7, 16],
    { number: '1.5', whole: -1 }, { number: '12', whole: 12 }, { number: '-0', whole: -1 }, { close: true, depth: 1 },
    { key: 'b' }, { open: false, depth: 1, offset: 35 }, { key: 'c' }, null, { key: 'd' }, true, { close: false, depth: 1 }, { close: false, depth: 0 },
  ]);
});

test('what it tells does not depend on where a body is cut', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary', maxDepth: 5 }), cuts, fc.constantFrom<StringUse>(0, 1, 2, 3), (json, cuts, use) => {
      const body = Buffer.from(json);
      assert.deepEqual(scan(body, cuts, use).told, scan(body, [], use).told);
    }),
    { numRuns: 300 },
  );
});

const escapes = fc.constantFrom('\\n', '\\"', '\\\\', '\\/', '\\b', '\\u0041', '\\ud83d\\ude00', '\\uD83D', '\\ude00', '\\ud83d\\ud83d\\uDE00', '\\ud83dx', '\\ud83d\\n', '\\u0000', '\\u20AC');

test('it decodes strings as JSON.parse does, and surrogates without another become U+FFFD', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(escapes, fc.string({ unit: 'grapheme', maxLength: 40 }).map((s) => JSON.stringify(s).slice(1, -1)))), cuts, fc.constantFrom<StringUse>(1, 2, 3), (parts, cuts, use) => {
      const json = `"${parts.join('')}"`;
      const wanted = Buffer.from(JSON.parse(json) as string).toString();
      const { told, scanner } = scan(Buffer.from(json), cuts, use);
      assert.equal(scanner.fault, undefined);
      const prefixIsDropped = use === stringUse.textUnless && wanted.startsWith('drop');
      assert.deepEqual(told[0], { string: prefixIsDropped ? '' : wanted });
    }),
    { numRuns: 1_000 },
  );
});

test('a string that begins with what is dropped is dropped, one that is shorter is not', () => {
  for (const [json, text] of [['"drop it"', ''], ['"drop"', ''], ['"dro"', 'dro'], ['"dr\\u006fp"', ''], ['"drip"', 'drip'], ['""', '']] as const) {
    for (let cut = 0; cut < json.length; cut++) {
      assert.deepEqual(scan(Buffer.from(json), [cut], stringUse.textUnless).told[0], { string: text }, json);
    }
  }
});

test('its verdict is that of JSON.parse, whatever is changed in JSON', () => {
  const pieces = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '0', '1', '-', '.', 'e', 'E', '+', 't', 'true', 'null', ' ', '\n', '\t', '\u0000', '\u001f', '\u007f', 'é', '\\u12', '"a":');
  const change = fc.tuple(fc.nat(), fc.nat({ max: 3 }), pieces);
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary', maxDepth: 4 }), fc.array(change, { maxLength: 4 }), cuts, fc.constantFrom<StringUse>(0, 1, 2), (json, changes, cuts, use) => {
      let text = json;
      for (const [at, length, piece] of changes) {
        const from = at % (text.length + 1);
        text = text.slice(0, from) + piece + text.slice(from + length);
      }
      const body = Buffer.from(text);
      assert.equal(scan(body, cuts, use).scanner.fault === undefined, isJson(body.toString()), text);
    }),
    { numRuns: 20_000 },
  );
});

test('its verdict is that of JSON.parse on each short text of an awkward alphabet', () => {
  const alphabet = ['"', '\\', '0', '1', '-', '.', 'e', '[', ']', ',', ' '];
  const all = (length: number): string[] => (length === 0 ? [''] : all(length - 1).flatMap((text) => alphabet.map((letter) => text + letter)));
  for (const text of [0, 1, 2, 3, 4].flatMap(all)) {
    assert.equal(scan(Buffer.from(text)).scanner.fault === undefined, isJson(text), text);
  }
});

test('faults name the place and what should be there', () => {
  const faults = [
    ['', 'the end at byte 0 where there should be a value'],
    ['{"a" 1}', '"1" at byte 5 where there should be ":"'],
    ['{"a":}', '"}" at byte 5 where there should be a value'],
    ['{"a":tru}', '"}" at byte 8 where there should be true, false or null'],
    ['[1,]', '"]" at byte 3 where there should be a value'],
    ['"a\u0001"', 'byte 0x01 at byte 2 where there should be no control character'],
    ['"\\x"', '"x" at byte 2 where there should be an escape'],
    ['[1', 'the end at byte 2 where there should be "," or an end'],
    ['01', '"1" at byte 1 where there should be nothing more'],
    ['[1.', 'the end at byte 3 where there should be a digit'],
    ['[-]', '"]" at byte 2 where there should be a digit'],
    ['{} x', '"x" at byte 3 where there should be nothing more'],
    ['"abc', 'the end at byte 4 where there should be the end of a string'],
  ] as const;
  for (const [json, fault] of faults) assert.equal(scan(Buffer.from(json)).scanner.fault, fault);
});

test('it goes as deep as its limit', () => {
  const nested = (levels: number) => Buffer.from('['.repeat(levels) + ']'.repeat(levels));
  assert.equal(scan(nested(maxDepth)).scanner.fault, undefined);
  assert.equal(scan(nested(maxDepth + 1)).scanner.fault, `more than ${maxDepth} arrays and objects within each other at byte ${maxDepth}`);
});

test('it holds no more than the limit of a long key', () => {
  const { scanner } = scan(Buffer.from(`{"${'k'.repeat(100_000)}":1}`));
  assert.equal(scanner.fault, undefined);
  assert.equal(scanner.kept.length, keptLimit);
});
