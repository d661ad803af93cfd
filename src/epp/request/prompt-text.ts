import { PromptHasher, bytesPerToken, type BlockOptions } from '../prefix/prompt-hasher.ts';
import type { PromptBlocks } from '../prefix/prompt-digest.ts';
import { TextBuffer } from '../prefix/text-buffer.ts';

/** Never in UTF-8, so that ("ab", "c") and ("a", "bc") are different. */
const separator = 0xff;

/** Blocks that media are hashed in: 8 KiB, and up to 64 MiB. */
const mediaBlocks: BlockOptions = { blockTokens: 2_048, maxBlocks: 8_192 };

/** What all bodies write their text to, one after the other. */
export class TextBuffers {
  readonly text: TextBuffer;
  readonly media = new TextBuffer(mediaBlocks.blockTokens * bytesPerToken);

  constructor({ blockTokens }: BlockOptions) {
    this.text = new TextBuffer(blockTokens * bytesPerToken);
  }
}

/**
 * A prompt's text, in parts that a body may hold in any order: each part has blocks of its own, and they are put in order at the end.
 *
 *     body   {"messages": […], "tools": […]}        prompt   │ tools… │ tools │ messages… │ mess │
 *                                                             whole    last    whole       last block of its part
 */
export class PromptText {
  readonly #buffers: TextBuffers;
  readonly #options: BlockOptions;
  readonly #parts: (PromptHasher | undefined)[] = [];
  readonly #hash = new Uint32Array(2);
  #part: PromptHasher | undefined;
  #media: PromptHasher | undefined;
  #inMedia = false;
  mediaItems = 0;

  constructor(buffers: TextBuffers, options: BlockOptions) {
    this.#buffers = buffers;
    this.#options = options;
  }

  /** Where text is to be written, between `attach` and `detach`. */
  get buffer(): TextBuffer {
    return this.#inMedia ? this.#buffers.media : this.#buffers.text;
  }

  /** Takes the buffers for a while; nobody else may use them before `detach`. */
  attach(): void {
    if (this.#part !== undefined) this.#buffers.text.lend(this.#part);
    if (this.#inMedia && this.#media !== undefined) this.#buffers.media.lend(this.#media);
  }

  detach(): void {
    this.#buffers.text.giveBack();
    this.#buffers.media.giveBack();
  }

  /** What follows belongs to part `index`; what it had before is forgotten. */
  begin(index: number): void {
    const part = (this.#parts[index] ??= new PromptHasher(this.#options));
    this.#buffers.text.giveBack();
    part.reset();
    this.#part = part;
    this.#buffers.text.lend(part);
  }

  bytesOf(index: number): number {
    return this.#parts[index]?.bytes ?? 0;
  }

  /** Has to come before each text. */
  separate(): void {
    const { text } = this.#buffers;
    if (text.at > 0 || (this.#part?.bytes ?? 0) > 0) text.put(separator);
  }

  write(bytes: Uint8Array, length: number): void {
    const { text } = this.#buffers;
    for (let i = 0; i < length; i++) text.put(bytes[i] as number);
  }

  /** A token of four bytes. */
  token(id: number): void {
    const { text } = this.#buffers;
    if (text.at >= text.limit) text.drain();
    text.view.setUint32(text.at, id, true);
    text.at += bytesPerToken;
  }

  /** What is written until `mediaEnd` is one item. */
  mediaBegin(): void {
    this.#media ??= new PromptHasher(mediaBlocks);
    this.#media.reset();
    this.#inMedia = true;
    this.#buffers.media.lend(this.#media);
  }

  /** `tokens` tokens made of the item's hash stand for it, at a multiple of a token's bytes. */
  mediaEnd(tokens: number): void {
    const { text, media } = this.#buffers;
    media.giveBack();
    this.#inMedia = false;
    this.mediaItems++;
    this.#media?.finish(media);
    this.#media?.fold(this.#hash);
    while (text.at % bytesPerToken !== 0) text.put(0);
    for (let i = 0; i < tokens; i++) this.token(this.#hash[i & 1] as number);
  }

  /** Detached. All text has come: the last block of each part is hashed as well. */
  finish(): void {
    for (const part of this.#parts) part?.finish(this.#buffers.text);
  }

  /** Detached. */
  get bytes(): number {
    return this.#parts.reduce((sum, part) => sum + (part?.bytes ?? 0), 0);
  }

  /** All parts, as far as there are whole blocks; undefined: there is no text. */
  blocks(): PromptBlocks | undefined {
    const { blockTokens, maxBlocks } = this.#options;
    if (this.bytes === 0) return undefined;
    const blocks = Math.min(maxBlocks, this.#parts.reduce((sum, part) => sum + (part?.blocks ?? 0), 0));
    const contents = new Uint32Array(2 * blocks);
    let at = 0;
    for (const part of this.#parts) {
      if (part === undefined) continue;
      const next = part.contents.subarray(0, contents.length - at);
      contents.set(next, at);
      at += next.length;
    }
    return { contents, blocks, blockTokens };
  }
}
