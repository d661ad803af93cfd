import { readFile } from 'node:fs/promises';

/** What proves who we are, beyond a client certificate that never changes. */
export interface Credentials {
  /** The value of the Authorization header, or undefined when there is none. */
  authorization(): Promise<string | undefined>;
  /** The server refused the last one: the next has to be fetched anew. */
  refused(): void;
}

/** None: a client certificate does, or the server asks for nothing. */
export const noCredentials: Credentials = { authorization: () => Promise.resolve(undefined), refused() {} };

/** A header that stays as it is. */
export function fixedCredentials(header: string): Credentials {
  return { authorization: () => Promise.resolve(header), refused() {} };
}

/** How long a token that was read is believed, in milliseconds: kubelet replaces projected tokens well before they end. */
const TOKEN_AGE_MS = 60_000;

/** A bearer token in a file that somebody else keeps fresh. */
export function tokenFileCredentials(path: string, now: () => number = () => performance.now()): Credentials {
  let read: { readonly token: string; readonly at: number } | undefined;
  return {
    async authorization() {
      if (read === undefined || now() - read.at > TOKEN_AGE_MS) {
        read = { token: (await readFile(path, 'utf8')).trim(), at: now() };
      }
      return `Bearer ${read.token}`;
    },
    refused() {
      read = undefined;
    },
  };
}
