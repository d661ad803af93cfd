import type { PromptBlocks } from '../prefix/prompt-digest.ts';

/** What a request's body says, as far as the picker wants to know. */
export interface ParsedBody {
  /** '' when the body names none. */
  readonly model: string;
  /** Where the name stands, or where one can be put in; undefined in bodies that are not JSON. */
  readonly modelPlace: ModelPlace | undefined;
  readonly streaming: boolean;
  /** Tokens that the client allows for one answer; 0: it does not say. */
  readonly maxOutputTokens: number;
  /** Answers that the client wants. */
  readonly choices: number;
  /** '' for none. */
  readonly cacheSalt: string;
  /** undefined: there is no prompt. */
  readonly prompt: PromptBlocks | undefined;
  /** An estimate: four bytes of text are a token, token ids are counted, of media see `MediaTokens`. */
  readonly promptTokens: number;
  /** Images, videos, audio clips and files in the prompt. */
  readonly mediaItems: number;
  /** Bytes of the body. */
  readonly bytes: number;
}

/** Bytes from the body's beginning. */
export interface ModelPlace {
  /** Of the opening quote; where there is no name, of the byte after the object's opening brace. */
  readonly start: number;
  /** After the closing quote; `start` where there is no name. */
  readonly end: number;
  /** Whether other fields follow where a name is put in. */
  readonly fieldsFollow: boolean;
}

/** What the client is told. */
export interface ParseFault {
  readonly status: 400;
  readonly message: string;
}

/** Tokens that stand for an item of each kind, as its real size is not known (upstream's defaults: 640 × 360 pixels, 10 seconds). */
export interface MediaTokens {
  readonly image: number;
  readonly video: number;
  readonly audio: number;
}

export const defaultMediaTokens: MediaTokens = { image: 225, video: 4_500, audio: 139 };

/** Reads one body. */
export interface BodyReader {
  /** The next bytes, cut anywhere. */
  push(chunk: Uint8Array): void;
  /** What the bytes so far say; of the prompt, its whole blocks. What is not there yet is as if it were missing. */
  readonly known: ParsedBody;
  /** Whether the body is beyond repair already; `end` says why. */
  readonly faulty: boolean;
  /** The body is complete. Once. */
  end(): ParsedBody | ParseFault;
}
