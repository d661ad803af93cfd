import { role, type BodyShape } from './body-shapes.ts';
import { JsonScanner, keptLimit, stringUse, type JsonHandler, type StringUse } from './json-scanner.ts';
import type { BodyReader, MediaTokens, ModelPlace, ParsedBody, ParseFault } from './parsed-body.ts';
import { PromptReader } from './prompt-reader.ts';
import { PromptText, type TextBuffers } from './prompt-text.ts';
import { Utf8Check } from './utf8-check.ts';
import { bytesPerToken, type BlockOptions } from '../prefix/prompt-hasher.ts';
import type { TextBuffer } from '../prefix/text-buffer.ts';

export interface JsonBodyOptions extends BlockOptions {
  readonly mediaTokens: MediaTokens;
  readonly buffers: TextBuffers;
}

/**
 * Reads a JSON body of some shape while it arrives. Of what matters, only prompts are looked into, whatever they contain: whether messages
 * are as the API wants them is for the server to say. Not UTF-8, not JSON and not an object are faults, and so is a missing prompt, since
 * servers would only be asked for an error.
 */
export class JsonBodyReader implements BodyReader, JsonHandler {
  readonly #shape: BodyShape;
  readonly #scanner = new JsonScanner(this);
  readonly #utf8 = new Utf8Check();
  readonly #text: PromptText;
  readonly #prompt: PromptReader;
  /** Of the field that is being read. */
  #role: number = role.none;
  #nestedRole: number = role.none;
  #fault: string | undefined;
  /** Offset of the opening brace; -1: there is none. */
  #objectStart = -1;
  #hasFields = false;
  #model = '';
  #modelStart = -1;
  #modelEnd = -1;
  #streaming = false;
  #maxTokens = 0;
  #maxTokensPreferred = 0;
  #choices = 0;
  #cacheSalt = '';
  #needsPrompt: boolean;

  constructor(shape: BodyShape, { buffers, mediaTokens, ...blocks }: JsonBodyOptions) {
    this.#shape = shape;
    this.#text = new PromptText(buffers, blocks);
    this.#prompt = new PromptReader(this.#scanner, this.#text, mediaTokens);
    this.#needsPrompt = shape.required.length > 0;
  }

  get faulty(): boolean {
    return this.#fault !== undefined || this.#scanner.fault !== undefined;
  }

  push(chunk: Uint8Array): void {
    if (this.faulty) return;
    if (!this.#utf8.push(chunk)) {
      this.#fault = `not UTF-8 between byte ${this.#scanner.offset} and byte ${this.#scanner.offset + chunk.length}`;
      return;
    }
    this.#text.attach();
    this.#scanner.push(chunk);
    this.#text.detach();
  }

  end(): ParsedBody | ParseFault {
    this.#scanner.end();
    this.#fault ??= this.#scanner.fault;
    if (this.#objectStart < 0) this.#fault ??= 'not a JSON object';
    this.#text.finish();
    const { parts, required } = this.#shape;
    if (this.#needsPrompt && required.every((part) => this.#text.bytesOf(parts.indexOf(part)) === 0)) {
      this.#fault ??= `${required.join(' or ')}: missing or empty`;
    }
    return this.#fault === undefined ? this.known : { status: 400, message: `request body: ${this.#fault}` };
  }

  get known(): ParsedBody {
    return {
      model: this.#model,
      modelPlace: this.#modelPlace(),
      streaming: this.#streaming,
      maxOutputTokens: this.#maxTokensPreferred > 0 ? this.#maxTokensPreferred : this.#maxTokens,
      choices: Math.max(1, this.#choices),
      cacheSalt: this.#cacheSalt,
      prompt: this.#text.blocks(),
      promptTokens: Math.ceil(this.#text.bytes / bytesPerToken),
      mediaItems: this.#text.mediaItems,
      bytes: this.#scanner.offset,
    };
  }

  #modelPlace(): ModelPlace | undefined {
    if (this.#modelStart >= 0) return { start: this.#modelStart, end: this.#modelEnd, fieldsFollow: true };
    const start = this.#objectStart + 1;
    return start > 0 ? { start, end: start, fieldsFollow: this.#hasFields } : undefined;
  }

  // What the scanner tells.

  get text(): TextBuffer {
    return this.#text.buffer;
  }

  get tokens(): boolean {
    return this.#role >= role.prompt && this.#prompt.inTokens;
  }

  get dropped(): Uint8Array {
    return this.#shape.droppedPrefix;
  }

  key(depth: number): void {
    const { kept, keptBytes } = this.#scanner;
    if (depth === 1) {
      this.#hasFields = true;
      this.#role = this.#shape.fields.find(kept, keptBytes);
      this.#nestedRole = role.none;
      this.#forget();
    } else if (this.#role >= role.prompt) {
      this.#prompt.key(depth);
    } else if (depth === 2 && this.#role === role.nested) {
      this.#nestedRole = this.#shape.nested.find(kept, keptBytes);
    }
  }

  string(depth: number): StringUse {
    const now = this.#role;
    if (now >= role.prompt) {
      return this.#prompt.string(depth, now === this.#shape.droppedRole ? stringUse.textUnless : stringUse.text);
    }
    return depth === 1 && (now === role.model || now === role.cacheSalt) ? stringUse.keep : stringUse.skip;
  }

  stringEnd(depth: number): void {
    if (this.#role >= role.prompt) {
      this.#prompt.stringEnd(depth);
    } else if (depth === 1 && this.#role === role.model) {
      this.#model = this.#string('model');
      this.#modelStart = this.#scanner.stringStart;
      this.#modelEnd = this.#scanner.stringEnd;
    } else if (depth === 1 && this.#role === role.cacheSalt) {
      this.#cacheSalt = this.#string('cache_salt');
    }
  }

  number(depth: number): void {
    const { kept, keptBytes } = this.#scanner;
    if (this.#role >= role.prompt) return this.#prompt.number(depth);
    const now = depth === 1 ? this.#role : depth === 2 ? this.#nestedRole : role.none;
    if (now !== role.maxTokens && now !== role.maxTokensPreferred && now !== role.choices) return;
    const value = keptBytes <= keptLimit ? Math.floor(Number(kept.toString('latin1', 0, keptBytes))) : 0;
    const count = value > 0 && value <= Number.MAX_SAFE_INTEGER ? value : 0;
    if (now === role.maxTokens) this.#maxTokens = count;
    else if (now === role.maxTokensPreferred) this.#maxTokensPreferred = count;
    else this.#choices = count;
  }

  literal(depth: number, value: boolean | null): void {
    if (this.#role >= role.prompt) this.#prompt.literal(depth, value);
    else if (depth === 1 && this.#role === role.streaming) this.#streaming = value === true;
  }

  open(depth: number, array: boolean, offset: number): void {
    if (depth === 0) {
      if (!array) this.#objectStart = offset;
    } else if (this.#role >= role.prompt) {
      this.#prompt.open(depth, array);
    }
  }

  close(depth: number, array: boolean): void {
    if (depth > 0 && this.#role >= role.prompt) this.#prompt.close(array);
  }

  /** A field begins that may have been there before: what it said then does not count. */
  #forget(): void {
    const now = this.#role;
    if (now >= role.prompt) {
      this.#prompt.begin(now - role.prompt);
    } else if (now === role.model) {
      this.#model = '';
      this.#modelStart = -1;
    } else if (now === role.streaming) {
      this.#streaming = false;
    } else if (now === role.cacheSalt) {
      this.#cacheSalt = '';
    } else if (now === role.maxTokens || now === role.nested) {
      this.#maxTokens = 0;
      if (now === role.nested) this.#choices = 0;
    } else if (now === role.maxTokensPreferred) {
      this.#maxTokensPreferred = 0;
    } else if (now === role.choices) {
      this.#choices = 0;
    } else if (now === role.insteadOfPrompt) {
      this.#needsPrompt = false;
    }
  }

  #string(field: string): string {
    const { kept, keptBytes } = this.#scanner;
    if (keptBytes > keptLimit) this.#fault ??= `${field}: longer than ${keptLimit} bytes`;
    return kept.toString('utf8', 0, Math.min(keptBytes, kept.length));
  }
}
