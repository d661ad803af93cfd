import type { FileProblem } from '../source/files/changes.ts';
import { equal } from '../util/equal.ts';
import type { Log } from '../util/log.ts';

/** Logs what is new about the problems of a file: those that came, and that there were some that went. */
export function logProblems(file: string, change: { readonly before: readonly FileProblem[]; readonly after: readonly FileProblem[] }, log: Log): void {
  const { before, after } = change;
  for (const problem of after) {
    if (before.some((known) => equal(known, problem))) continue;
    const { line, kind, key, field, message, severity } = problem;
    log[severity === 'error' ? 'error' : 'warn']({ file, line, kind, key, field }, message);
  }
  if (before.length > 0 && after.length === 0) log.info({ file }, 'the problems of this file are gone');
}

/** What became of a port, as far as it is worth a line. */
export interface PortNews {
  /** Where it listens, unless there is an error. */
  readonly bound?: number;
  readonly note?: string;
  readonly error?: string;
}

/** Logs news about ports that can be had; that one cannot is a condition of its Gateway. Ports are looked at again and again; what is as it was is no news. */
export class PortLog {
  readonly #log: Log;
  #known: ReadonlyMap<string, PortNews> = new Map();

  constructor(log: Log) {
    this.#log = log;
  }

  /** All wanted ports as they are now, by `proxy/port`. */
  update(ports: ReadonlyMap<string, PortNews>): void {
    for (const [port, { bound, note, error }] of ports) {
      const before = this.#known.get(port);
      if (error !== undefined) continue;
      if (before?.error !== undefined) this.#log.info({ port }, `the port can be had now: listening on port ${bound}`);
      if (note !== undefined && note !== before?.note) this.#log.warn({ port }, note);
    }
    this.#known = new Map(ports);
  }
}
