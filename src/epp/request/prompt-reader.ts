import { maxDepth, stringUse, type JsonScanner, type StringUse } from './json-scanner.ts';
import { Keywords } from './keywords.ts';
import type { MediaTokens } from './parsed-body.ts';
import type { PromptText } from './prompt-text.ts';

/** Keys within a prompt that mean something. */
const key = { none: 0, cacheControl: 1, url: 2, data: 3, type: 4, imageUrl: 5, image: 6, source: 7, videoUrl: 8, audioUrl: 9, inputAudio: 10, fileData: 11 } as const;

const keys = new Keywords({
  cache_control: key.cacheControl, url: key.url, data: key.data, type: key.type, image_url: key.imageUrl, image: key.image, source: key.source,
  video_url: key.videoUrl, audio_url: key.audioUrl, input_audio: key.inputAudio, file_data: key.fileData,
});

/** What an object or a string within a prompt is. */
const content = { plain: 0, image: 1, video: 2, audio: 3, muted: 4 } as const;

/** What an object is, by the key that it is under. */
const contentOfObject = new Uint8Array(16);
contentOfObject[key.cacheControl] = content.muted;
for (const each of [key.imageUrl, key.image, key.source]) contentOfObject[each] = content.image;
contentOfObject[key.videoUrl] = content.video;
for (const each of [key.audioUrl, key.inputAudio]) contentOfObject[each] = content.audio;

/** What a string is, by its key, in whatever object. */
const contentOfString = new Uint8Array(16);
contentOfString[key.cacheControl] = content.muted;
for (const each of [key.imageUrl, key.fileData]) contentOfString[each] = content.image;
contentOfString[key.videoUrl] = content.video;
contentOfString[key.audioUrl] = content.audio;

/** Bytes of a key that count as text. */
const keyTextLimit = 64;

const words = { true: Buffer.from('true'), false: Buffer.from('false') };

/**
 * Finds the text of a prompt in JSON. It is all that is said: keys, strings, numbers, true and false, decoded, with a separator before each,
 * without white space and punctuation, so that it does not matter how a client writes JSON. Numbers in arrays are token ids. Strings that
 * are images, videos, audio or files are hashed, and some tokens stand for each. `cache_control` is left out: clients move it from message
 * to message while a conversation grows.
 */
export class PromptReader {
  readonly #scanner: JsonScanner;
  readonly #text: PromptText;
  readonly #mediaTokens: MediaTokens;
  /** Of each level: the key that was read last, and what the object or array is. */
  readonly #keys = Buffer.allocUnsafe(maxDepth + 1);
  readonly #contents = Buffer.allocUnsafe(maxDepth + 1);
  /** Objects around what is being read. */
  #objects = 0;
  /** Arrays, likewise. */
  #arrays = 0;
  /** What the string is that is being read. */
  #string: number = content.plain;

  constructor(scanner: JsonScanner, text: PromptText, mediaTokens: MediaTokens) {
    this.#scanner = scanner;
    this.#text = text;
    this.#mediaTokens = mediaTokens;
  }

  /** Part `index` begins, as the value of a field at level 1. */
  begin(index: number): void {
    this.#text.begin(index);
    this.#keys[1] = key.none;
    this.#contents[1] = content.plain;
    this.#objects = 0;
    this.#arrays = 0;
  }

  /** Whether numbers are token ids: those in arrays, unless an object is around them. */
  get inTokens(): boolean {
    return this.#objects === 0 && this.#arrays > 0;
  }

  key(depth: number): void {
    if (this.#contents[depth] === content.muted) return;
    const { kept, keptBytes } = this.#scanner;
    const found = keys.find(kept, keptBytes);
    this.#keys[depth] = found;
    if (found !== key.cacheControl) this.#write(kept, keptBytes);
  }

  /** @param use of strings that are text */
  string(depth: number, use: StringUse): StringUse {
    const under = this.#keys[depth] as number;
    const within = this.#contents[depth] as number;
    this.#string = contentOfString[under] as number;
    if (within === content.muted || this.#string === content.muted) {
      this.#string = content.muted;
      return stringUse.skip;
    }
    if (under === key.url || under === key.data) this.#string = within;
    if (this.#string !== content.plain) {
      this.#text.mediaBegin();
      return stringUse.text;
    }
    // The type of a source decides what its data is.
    if (within !== content.plain && under === key.type) return stringUse.keep;
    this.#text.separate();
    return use;
  }

  stringEnd(depth: number): void {
    const what = this.#string;
    if (what === content.muted) return;
    if (what !== content.plain) {
      const { image, video, audio } = this.#mediaTokens;
      this.#text.mediaEnd(what === content.image ? image : what === content.video ? video : audio);
    } else if (this.#contents[depth] !== content.plain && this.#keys[depth] === key.type) {
      const { kept, keptBytes } = this.#scanner;
      if (keptBytes === 4 && kept.toString('latin1', 0, 4) === 'text') this.#contents[depth] = content.plain;
      this.#write(kept, keptBytes);
    }
  }

  number(depth: number): void {
    if (this.#mutes(depth)) return;
    const { whole, kept, keptBytes } = this.#scanner;
    if (this.inTokens && whole >= 0) this.#text.token(whole);
    else this.#write(kept, keptBytes);
  }

  literal(depth: number, value: boolean | null): void {
    if (value === null || this.#mutes(depth)) return;
    const word = value ? words.true : words.false;
    this.#write(word, word.length);
  }

  open(depth: number, array: boolean): void {
    if (array) this.#arrays++;
    else this.#objects++;
    const what = this.#mutes(depth) ? content.muted : array ? content.plain : contentOfObject[this.#keys[depth] as number];
    this.#contents[depth + 1] = what as number;
    this.#keys[depth + 1] = key.none;
  }

  close(array: boolean): void {
    if (array) this.#arrays--;
    else this.#objects--;
  }

  #mutes(depth: number): boolean {
    return this.#contents[depth] === content.muted || this.#keys[depth] === key.cacheControl;
  }

  #write(bytes: Uint8Array, length: number): void {
    this.#text.separate();
    this.#text.write(bytes, Math.min(length, keyTextLimit));
  }
}
