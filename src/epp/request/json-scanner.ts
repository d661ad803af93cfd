/**
 * A JSON scanner for bodies that arrive in pieces (RFC 8259): one state machine in one function, since what it holds between two bytes is
 * what a piece may end in; it would be slower, and no clearer, in several files.
 *
 * It builds nothing. It tells a handler what it meets, and the handler says of each string what is to become of it. What it holds is a
 * stack of a byte a level, and the beginnings of one key, number or short string.
 *
 * Its verdict is JSON.parse's, of UTF-8 without a byte order mark, but for depth: more than `maxDepth` levels are refused.
 */
import { copyPlain, isPlain, skipPlain } from './plain-bytes.ts';
import { copyTokens } from './token-run.ts';
import type { TextBuffer } from '../prefix/text-buffer.ts';

/** Levels of arrays and objects: far from any real request, and less than what makes model servers' own parsers give up. */
export const maxDepth = 256;

/** What is to become of a string. */
export const stringUse = {
  /** Looked at, and dropped. */
  skip: 0,
  /** Kept as `scanner.kept`, as far as there is room. */
  keep: 1,
  /** Written to `handler.text`. */
  text: 2,
  /** As text; but dropped as a whole if it begins with `handler.dropped`. */
  textUnless: 3,
} as const;
export type StringUse = (typeof stringUse)[keyof typeof stringUse];

export interface JsonHandler {
  /** Where strings of use `text` go. */
  readonly text: TextBuffer;
  /** Whether numbers are token ids, in an array: most of them go to `text` without a call of `number`. */
  readonly tokens: boolean;
  readonly dropped: Uint8Array;
  /** A key has been read: it is `scanner.kept`. `depth` counts the objects and arrays that it is in. */
  key(depth: number): void;
  /** A string that is a value begins. */
  string(depth: number): StringUse;
  /** Such a string has ended. */
  stringEnd(depth: number): void;
  /** A number has been read: it is `scanner.kept`, and `scanner.whole` if it is one. */
  number(depth: number): void;
  /** `true`, `false` or `null` has been read. */
  literal(depth: number, value: boolean | null): void;
  /** An object or array begins at byte `offset`, within `depth` others. */
  open(depth: number, array: boolean, offset: number): void;
  /** It has ended. */
  close(depth: number, array: boolean): void;
}

const state = {
  value: 0, valueOrEnd: 1, keyOrEnd: 2, key: 3, colon: 4, commaOrEnd: 5, done: 6, literal: 7,
  string: 10, escape: 11, unicode: 12, afterHigh: 13,
  minus: 20, zero: 21, int: 22, point: 23, fraction: 24, e: 25, eSign: 26, exponent: 27,
} as const;

const expected: Readonly<Record<number, string>> = {
  [state.value]: 'a value', [state.valueOrEnd]: 'a value or "]"', [state.keyOrEnd]: 'a key or "}"', [state.key]: 'a key', [state.colon]: '":"',
  [state.commaOrEnd]: '"," or an end', [state.done]: 'nothing more', [state.literal]: 'true, false or null', [state.string]: 'no control character',
  [state.escape]: 'an escape', [state.unicode]: 'four hexadecimal digits', [state.afterHigh]: 'the end of a string',
};

const literals: readonly (readonly [Uint8Array, boolean | null])[] = [
  [Buffer.from('true'), true], [Buffer.from('false'), false], [Buffer.from('null'), null],
];

/** Bytes of a key, number or kept string that are held. */
export const keptLimit = 4_096;

export class JsonScanner {
  /** The key, number or kept string that was read last, decoded; valid within a call of the handler. What is longer is cut. */
  kept: Buffer = Buffer.allocUnsafe(64);
  /** Its length, uncut. */
  keptBytes = 0;
  /** The number that was read last if it is made of up to nine digits and nothing else; -1 otherwise. */
  whole = -1;
  /** Bytes read. */
  offset = 0;
  /** Offset of the opening quote of the string that was read last. */
  stringStart = 0;
  /** Offset after its closing quote. */
  stringEnd = 0;
  readonly #handler: JsonHandler;
  /** Of each level: 1 for an array, 0 for an object. */
  readonly #arrays = Buffer.allocUnsafe(maxDepth);
  #depth = 0;
  #state: number = state.value;
  #isKey = false;
  #use: StringUse = stringUse.skip;
  /** Bytes of `handler.dropped` that the string has begun with so far. */
  #matched = 0;
  #unicode = 0;
  #digits = 0;
  /** A high surrogate that the low one may follow; 0: none. */
  #high = 0;
  #literal = 0;
  #fault: string | undefined;

  constructor(handler: JsonHandler) {
    this.#handler = handler;
  }

  /** What is wrong; undefined as long as what was read may begin valid JSON. Nothing is read after a fault. */
  get fault(): string | undefined {
    return this.#fault;
  }

  push(chunk: Uint8Array): void {
    if (this.#fault !== undefined) return;
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const base = this.offset;
    const end = chunk.length;
    let at = 0;
    while (at < end && this.#fault === undefined) {
      if (this.#state < state.literal) {
        at = this.#structure(chunk, at, base);
      } else if (this.#state === state.string) {
        at = this.#inString(chunk, view, at, base);
      } else if (this.#state === state.literal) {
        this.#inLiteral(chunk[at] as number, base + at);
        at++;
      } else if (this.#state < state.minus) {
        at = this.#inEscape(chunk[at] as number, at, base);
      } else {
        at = this.#inNumber(chunk, at, base);
      }
    }
    this.offset = base + at;
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#fault !== undefined) return;
    if (numberIsWhole(this.#state)) this.#numberEnd();
    if (this.#state !== state.done) {
      const wanted = this.#state === state.string ? 'the end of a string' : (expected[this.#state] ?? 'a digit');
      this.#fault = `the end at byte ${this.offset} where there should be ${wanted}`;
    }
  }

  /** Between values: one byte that is not white space. */
  #structure(chunk: Uint8Array, at: number, base: number): number {
    let byte = chunk[at] as number;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      if (++at === chunk.length) return at;
      byte = chunk[at] as number;
    }
    const now = this.#state;
    if (now === state.value || now === state.valueOrEnd) {
      if (this.#handler.tokens && byte >= 0x30 && byte <= 0x39) {
        const after = copyTokens(chunk, at, this.#handler.text);
        if (after > at) {
          this.#state = state.value;
          return after;
        }
      }
      if (byte === 0x5d && now === state.valueOrEnd) this.#close();
      else this.#value(byte, base + at);
    } else if (now === state.key || now === state.keyOrEnd) {
      if (byte === 0x22) this.#stringBegin(true, base + at);
      else if (byte === 0x7d && now === state.keyOrEnd) this.#close();
      else this.#fail(byte, base + at);
    } else if (now === state.colon && byte === 0x3a) {
      this.#state = state.value;
    } else if (now === state.commaOrEnd) {
      const array = this.#arrays[this.#depth - 1] === 1;
      if (byte === 0x2c) this.#state = array ? state.value : state.key;
      else if (byte === (array ? 0x5d : 0x7d)) this.#close();
      else this.#fail(byte, base + at);
    } else {
      this.#fail(byte, base + at);
    }
    return at + 1;
  }

  #value(byte: number, offset: number): void {
    if (byte === 0x22) return this.#stringBegin(false, offset);
    if (byte === 0x7b || byte === 0x5b) return this.#open(byte === 0x5b, offset);
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      this.keptBytes = 0;
      this.#keep(byte);
      this.whole = byte === 0x2d ? 0 : byte - 0x30;
      this.#state = byte === 0x2d ? state.minus : byte === 0x30 ? state.zero : state.int;
      return;
    }
    this.#literal = literals.findIndex(([text]) => text[0] === byte);
    if (this.#literal < 0) return this.#fail(byte, offset);
    this.#digits = 1;
    this.#state = state.literal;
  }

  #open(array: boolean, offset: number): void {
    if (this.#depth === maxDepth) {
      this.#fault = `more than ${maxDepth} arrays and objects within each other at byte ${offset}`;
      return;
    }
    this.#handler.open(this.#depth, array, offset);
    this.#arrays[this.#depth++] = array ? 1 : 0;
    this.#state = array ? state.valueOrEnd : state.keyOrEnd;
  }

  #close(): void {
    const array = this.#arrays[--this.#depth] === 1;
    this.#valueEnd();
    this.#handler.close(this.#depth, array);
  }

  #valueEnd(): void {
    this.#state = this.#depth === 0 ? state.done : state.commaOrEnd;
  }

  #inLiteral(byte: number, offset: number): void {
    const [text, value] = literals[this.#literal] as (typeof literals)[number];
    if (byte !== text[this.#digits]) return this.#fail(byte, offset);
    if (++this.#digits < text.length) return;
    this.#valueEnd();
    this.#handler.literal(this.#depth, value);
  }

  #inNumber(chunk: Uint8Array, at: number, base: number): number {
    if (this.#state === state.int) at = this.#inDigits(chunk, at);
    for (; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      const digit = byte >= 0x30 && byte <= 0x39;
      const now = this.#state;
      if (!digit || now !== state.int) {
        const next = afterNumberByte(now, byte, digit);
        if (next < 0) {
          if (numberIsWhole(now)) this.#numberEnd();
          else this.#fail(byte, base + at);
          return at;
        }
        this.#state = next;
      }
      this.#keep(byte);
    }
    return at;
  }

  /** The digits that come next, of a number without point and exponent. */
  #inDigits(chunk: Uint8Array, at: number): number {
    let { whole, keptBytes } = this;
    const { kept } = this;
    for (; at < chunk.length && keptBytes < kept.length; at++) {
      const digit = (chunk[at] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      whole = (Math.imul(whole, 10) + digit) | 0;
      kept[keptBytes++] = digit + 0x30;
    }
    this.whole = whole;
    this.keptBytes = keptBytes;
    return at;
  }

  #numberEnd(): void {
    if (this.#state > state.int || this.keptBytes > 9 || this.kept[0] === 0x2d) this.whole = -1;
    this.#valueEnd();
    this.#handler.number(this.#depth);
  }

  #stringBegin(isKey: boolean, offset: number): void {
    this.#isKey = isKey;
    this.stringStart = offset;
    this.keptBytes = 0;
    this.#matched = 0;
    this.#use = isKey ? stringUse.keep : this.#handler.string(this.#depth);
    this.#state = state.string;
  }

  #inString(chunk: Uint8Array, view: DataView, at: number, base: number): number {
    const end = chunk.length;
    switch (this.#use) {
      case stringUse.skip:
        at += skipPlain(view, at, end);
        break;
      case stringUse.text:
        at = this.#copyText(chunk, view, at);
        break;
      default:
        for (; at < end && isPlain(chunk[at] as number); at++) this.#put(chunk[at] as number);
    }
    if (at === end) return at;
    const byte = chunk[at] as number;
    if (isPlain(byte)) return at;
    if (byte === 0x22) this.#stringEnd(base + at + 1);
    else if (byte === 0x5c) this.#state = state.escape;
    else this.#fail(byte, base + at);
    return at + 1;
  }

  /** Copies up to the end of the chunk, the string or the room, or to an escape that has more to it than `shortEscape` knows. */
  #copyText(chunk: Uint8Array, view: DataView, at: number): number {
    const { text } = this.#handler;
    const end = chunk.length;
    for (;;) {
      if (text.at >= text.limit) text.drain();
      const copied = copyPlain(view, at, Math.min(end, at + text.limit - text.at), text.view, text.at);
      text.at += copied;
      at += copied;
      if (chunk[at] !== 0x5c) return at;
      do {
        if (at + 5 >= end) return at;
        const character = shortEscape(chunk, at + 1);
        if (character < 0) return at;
        if (character < 0x80) text.put(character);
        else text.putBasic(character);
        at += chunk[at + 1] === 0x75 ? 6 : 2;
      } while (chunk[at] === 0x5c);
    }
  }

  #stringEnd(offset: number): void {
    this.stringEnd = offset;
    if (this.#use === stringUse.textUnless) this.#stopMatching();
    if (this.#isKey) {
      this.#state = state.colon;
      this.#handler.key(this.#depth);
    } else {
      this.#valueEnd();
      this.#handler.stringEnd(this.#depth);
    }
  }

  #inEscape(byte: number, at: number, base: number): number {
    if (this.#state === state.afterHigh && byte !== 0x5c) {
      // A high surrogate without a low one is no character.
      this.#putCharacter(0xfffd);
      this.#high = 0;
      this.#state = state.string;
      return at;
    }
    if (this.#state === state.unicode) {
      const digit = hexDigit(byte);
      if (digit < 0) this.#fail(byte, base + at);
      this.#unicode = this.#unicode * 16 + digit;
      if (++this.#digits === 4) this.#unicodeEnd();
      return at + 1;
    }
    if (this.#state === state.afterHigh) {
      this.#state = state.escape;
      return at + 1;
    }
    if (byte === 0x75) {
      this.#state = state.unicode;
      this.#unicode = 0;
      this.#digits = 0;
      return at + 1;
    }
    const character = escaped[byte] ?? 0;
    if (character === 0) {
      this.#fail(byte, base + at);
      return at;
    }
    if (this.#high !== 0) this.#putCharacter(0xfffd);
    this.#high = 0;
    this.#put(character);
    this.#state = state.string;
    return at + 1;
  }

  #unicodeEnd(): void {
    const code = this.#unicode;
    const isLow = code >= 0xdc00 && code < 0xe000;
    const high = this.#high;
    this.#high = 0;
    this.#state = state.string;
    if (high !== 0 && isLow) return this.#putCharacter(0x10000 + ((high - 0xd800) << 10) + code - 0xdc00);
    if (high !== 0) this.#putCharacter(0xfffd);
    if (code >= 0xd800 && code < 0xdc00) {
      this.#high = code;
      this.#state = state.afterHigh;
      return;
    }
    this.#putCharacter(isLow ? 0xfffd : code);
  }

  #putCharacter(code: number): void {
    if (code < 0x80) return this.#put(code);
    if (code < 0x800) {
      this.#put(0xc0 | (code >> 6));
    } else {
      if (code < 0x10000) {
        this.#put(0xe0 | (code >> 12));
      } else {
        this.#put(0xf0 | (code >> 18));
        this.#put(0x80 | ((code >> 12) & 0x3f));
      }
      this.#put(0x80 | ((code >> 6) & 0x3f));
    }
    this.#put(0x80 | (code & 0x3f));
  }

  #put(byte: number): void {
    if (this.#use === stringUse.textUnless) this.#match(byte);
    if (this.#use === stringUse.keep) this.#keep(byte);
    else if (this.#use === stringUse.text) this.#handler.text.put(byte);
  }

  /** Follows `handler.dropped` as long as the string does. */
  #match(byte: number): void {
    const { dropped } = this.#handler;
    if (byte !== dropped[this.#matched]) return this.#stopMatching();
    if (++this.#matched === dropped.length) this.#use = stringUse.skip;
  }

  /** The string is text after all. */
  #stopMatching(): void {
    const { dropped, text } = this.#handler;
    for (let i = 0; i < this.#matched; i++) text.put(dropped[i] as number);
    this.#use = stringUse.text;
  }

  #keep(byte: number): void {
    const at = this.keptBytes++;
    if (at >= keptLimit) return;
    if (at === this.kept.length) {
      const longer = Buffer.allocUnsafe(2 * at);
      longer.set(this.kept);
      this.kept = longer;
    }
    this.kept[at] = byte;
  }

  #fail(byte: number, offset: number): void {
    const found = byte > 0x20 && byte < 0x7f ? JSON.stringify(String.fromCharCode(byte)) : `byte 0x${byte.toString(16).padStart(2, '0')}`;
    this.#fault = `${found} at byte ${offset} where there should be ${expected[this.#state] ?? 'a digit'}`;
  }
}

/** What an escape of one character stands for; 0: it is none. */
const escaped = new Uint8Array(256);
for (const pair of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) escaped[pair.charCodeAt(0)] = pair.charCodeAt(1);

/** What an escape stands for, from the byte after the backslash on; -1: it is none, or half of a pair. There are at least five bytes. */
function shortEscape(chunk: Uint8Array, at: number): number {
  const letter = chunk[at] as number;
  if (letter !== 0x75) return escaped[letter] || -1;
  const high = (hexDigit(chunk[at + 1] as number) << 4) | hexDigit(chunk[at + 2] as number);
  const low = (hexDigit(chunk[at + 3] as number) << 4) | hexDigit(chunk[at + 4] as number);
  return (high | low) < 0 || (high & 0xf8) === 0xd8 ? -1 : (high << 8) | low;
}

/** -1: no digit. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Whether a number may end there. */
function numberIsWhole(now: number): boolean {
  return now === state.int || now === state.zero || now === state.fraction || now === state.exponent;
}

/** The state that follows; -1: `byte` does not belong to the number. */
function afterNumberByte(now: number, byte: number, digit: boolean): number {
  switch (now) {
    case state.minus:
      return digit ? (byte === 0x30 ? state.zero : state.int) : -1;
    case state.int:
    case state.zero:
      if (digit) return now === state.int ? state.int : -1;
      return byte === 0x2e ? state.point : (byte | 0x20) === 0x65 ? state.e : -1;
    case state.point:
      return digit ? state.fraction : -1;
    case state.fraction:
      return digit ? state.fraction : (byte | 0x20) === 0x65 ? state.e : -1;
    case state.e:
      return digit ? state.exponent : byte === 0x2b || byte === 0x2d ? state.eSign : -1;
    default:
      return digit ? state.exponent : -1;
  }
}
