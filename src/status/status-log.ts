import { messageOf } from '../util/error-message.ts';
import type { Log } from '../util/log.ts';
import { refusedFields } from './failure.ts';
import { neededPermission } from './status-api.ts';
import type { Subject } from './subject.ts';

type About = 'fails' | 'rivals' | 'drops';

/** What the log hears of statuses: trouble once, not once for each of a thousand objects. */
export class StatusLog {
  readonly #log: Log;
  readonly #told = new Set<`${About} ${string}`>();

  constructor(log: Log) {
    this.#log = log;
  }

  denied({ kind, key }: Subject, error: unknown): void {
    this.#log.error({ kind, object: key, reason: messageOf(error), needed: neededPermission(kind) }, 'status: RBAC does not let us write the statuses of this kind; trying again from time to time');
  }

  allowed({ kind }: Subject): void {
    this.#log.info({ kind }, 'status: RBAC lets us write the statuses of this kind again');
  }

  /** Each refusal of an object is told once. */
  refused(subject: Subject, error: unknown): void {
    const { kind, key } = subject;
    const reason = messageOf(error);
    if (subject.told === reason) return;
    subject.told = reason;
    this.#log.error({ kind, object: key, fields: refusedFields(error), reason }, 'status: the API server refuses this status; trying again when it changes');
  }

  failed({ kind, key }: Subject, error: unknown): void {
    if (this.#first('fails', kind)) this.#log.warn({ kind, object: key, reason: messageOf(error) }, 'status: cannot write; trying again');
  }

  unreachable(error: unknown): void {
    this.#log.warn({ reason: messageOf(error) }, 'status: the API server does not take statuses; trying again');
  }

  reachable(): void {
    this.#log.info({}, 'status: the API server takes statuses again');
  }

  bug({ kind, key }: Subject, error: unknown): void {
    this.#log.error({ kind, object: key, err: error }, 'status: cannot work out what to write');
  }

  /** What failed went well at last: the next failure is worth telling again. */
  recovered({ kind }: Subject): void {
    this.#told.delete(`fails ${kind}`);
  }

  rivals({ kind, key }: Subject, controllerNames: readonly string[]): void {
    if (!this.#first('rivals', kind)) return;
    this.#log.warn({ kind, object: key, controllerNames }, 'status: somebody else rewrites what we write: is there another controller with our controllerName? Writing less often');
  }

  drops({ kind, key }: Subject): void {
    if (this.#first('drops', kind)) this.#log.warn({ kind, object: key }, 'status: the API server drops fields of the status: its CRD is of another version than ours');
  }

  #first(about: About, kind: string): boolean {
    const known = this.#told.has(`${about} ${kind}`);
    this.#told.add(`${about} ${kind}`);
    return !known;
  }
}
