import type { BodyReader, ParsedBody } from './parsed-body.ts';

/** Counts the bytes of a body that nobody looks into. */
export class PassthroughReader implements BodyReader {
  readonly faulty = false;
  #bytes = 0;

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
  }

  end(): ParsedBody {
    return this.known;
  }

  get known(): ParsedBody {
    return {
      model: '', modelPlace: undefined, streaming: false, maxOutputTokens: 0, choices: 1, cacheSalt: '', prompt: undefined, promptTokens: 0,
      mediaItems: 0, bytes: this.#bytes,
    };
  }
}
