import type { PromptDigest } from '../prefix/prompt-digest.ts';

/** What the picker knows of a request when it picks. */
export interface InferenceRequest {
  /** `x-request-id`. */
  readonly id: string;
  /** By lower-case name; of a header that came several times, the values joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** Model as the client named it; '' when it named none. */
  readonly model: string;
  /** Model that the server is asked for. */
  readonly targetModel: string;
  /** Higher goes first; below 0 may be shed. */
  readonly priority: number;
  /** Requests of one flow share what there is with other flows. */
  readonly fairnessId: string;
  /** Whether the answer comes as server-sent events. */
  readonly streaming: boolean;
  /** Bytes of the body. */
  readonly bodyBytes: number;
  /** An estimate. */
  readonly promptTokens: number;
  /** What the client allows for the answer; 0: it does not say. */
  readonly maxOutputTokens: number;
  /** Pictures, sounds and films in the prompt; none when it is missing. */
  readonly mediaItems?: number;
  /** undefined: no prompt was found. */
  readonly prompt: PromptDigest | undefined;
}
