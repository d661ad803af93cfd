import type { Pick } from './request-handler.ts';

/** The part of a stream's protocol that is about the request, in one of the modes. Without a socket: messages go to `send`. */
export interface RequestSide {
  /** The handler has seen the headers, and not answered. */
  headersSeen(): void;
  /** Gives why the request cannot go on, if it cannot. */
  body(chunk: Buffer, end: boolean): Overflow | undefined;
  trailers(): void;
  /** Once. */
  answer(pick: Pick): void;
  /** The request is not answered any more. */
  drop(): void;
}

/** Why a body that has to be held is not. */
export type Overflow = 'body too large' | 'too many bodies';

export type Send = (message: Uint8Array) => void;
