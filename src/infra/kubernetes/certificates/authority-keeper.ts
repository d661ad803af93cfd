import { messageOf } from '../../../util/error-message.ts';
import type { Log } from '../../../util/log.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { isConflict } from '../../../kube/kube-error.ts';
import { Reflector } from '../../../kube/reflector.ts';
import type { Timing } from '../../../kube/timing.ts';
import { createObject, getObject, replaceObject } from '../../../kube/verbs.ts';
import { SECRETS } from '../../../kube/well-known.ts';
import { authoritySecret, readAuthorities, rotationAsked } from './authority-secret.ts';
import { advance, dueAt, firstAuthorities, phaseOf, type Authorities } from './rotation.ts';
import { isOurs, type Secret } from './secret.ts';

export interface AuthorityKeeperOptions {
  readonly client: KubeClient;
  /** The Secret. */
  readonly namespace: string;
  readonly name: string;
  readonly log: Log;
  readonly timing: Timing;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long (ms) everything has to have been up to date before a rotation goes on. */
  readonly settleMs: number;
  /** The Secret changed. */
  readonly onChange: () => void;
}

/**
 * Follows the Secret of the authorities, and writes it when asked to. What was read last stays when the Secret goes or cannot
 * be read. A Secret that somebody else made is used and never written: whoever made it rotates it.
 */
export class AuthorityKeeper {
  readonly #options: AuthorityKeeperOptions;
  readonly #reflector: Reflector;
  #secret: Secret | undefined;
  #authorities: Authorities | undefined;
  #problem: string | undefined;
  /** Somebody else made the Secret that was seen last. */
  #isForeign = false;

  constructor(options: AuthorityKeeperOptions) {
    this.#options = options;
    const { client, namespace, name, log, timing } = options;
    this.#reflector = new Reflector({
      client,
      resource: SECRETS,
      namespaces: [namespace],
      fieldSelector: `metadata.name=${name}`,
      log,
      timing,
      onChange: ({ set: [secret] }) => {
        this.#take(secret);
        options.onChange();
      },
    });
  }

  start(): void {
    this.#reflector.start();
  }

  stop(): Promise<void> {
    return this.#reflector.stop();
  }

  /** The Secret was looked for once. */
  whenSynced(): Promise<void> {
    return this.#reflector.whenSynced();
  }

  /** What is known, undefined if nothing. */
  get authorities(): Authorities | undefined {
    return this.#authorities;
  }

  /** When `advance` has something to do next if nothing else happens, milliseconds since 1970. */
  due(unsettledAt: number): number {
    if (this.#authorities === undefined || this.#isForeign || this.#problem !== undefined) return Number.POSITIVE_INFINITY;
    return dueAt(this.#authorities, { settleMs: this.#options.settleMs, unsettledAt });
  }

  /**
   * Makes the Secret if there is none. One of ours that was deleted comes back with the authority that it had, and another one
   * begins to replace that: it is what somebody who deletes it wants. Rejects with a `KubeError`.
   */
  async ensure(signal: AbortSignal): Promise<void> {
    const { client, namespace, name, log, now } = this.#options;
    if (this.#secret !== undefined || this.#isForeign) return;
    const known = this.#authorities;
    const authorities = known === undefined ? await firstAuthorities({ now: now() }) : await this.#advanced(known, { asked: true, unsettledAt: now() });
    try {
      this.#take(await createObject(client, SECRETS, authoritySecret({ namespace, name }, authorities), { signal }));
      log.info({ namespace, name }, 'certificates: the Secret of the authorities was made');
    } catch (error) {
      if (!isConflict(error)) throw error;
      this.#take(await getObject(client, SECRETS, { namespace, name }, { signal }));
    }
  }

  /** Goes on with a rotation if its next step is due; resolves to whether it did. Rejects with a `KubeError`. */
  async advance(unsettledAt: number, signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, log } = this.#options;
    const secret = this.#secret;
    const authorities = this.#authorities;
    if (secret === undefined || authorities === undefined || this.#isForeign || this.#problem !== undefined) return false;
    const next = await this.#advanced(authorities, { asked: rotationAsked(secret), unsettledAt });
    if (next === authorities) return false;
    const written = authoritySecret({ namespace, name }, next);
    const { resourceVersion = '' } = secret.metadata;
    this.#take(await replaceObject(client, SECRETS, { ...written, metadata: { ...written.metadata, resourceVersion } }, { signal }));
    log.info({ namespace, name, phase: phaseOf(next) }, 'certificates: the rotation of the authorities went on');
    return true;
  }

  #advanced(authorities: Authorities, { asked, unsettledAt }: { readonly asked: boolean; readonly unsettledAt: number }): Promise<Authorities> {
    const { now, settleMs } = this.#options;
    return advance(authorities, { now: now(), settleMs, unsettledAt, asked });
  }

  #take(secret: Secret | undefined): void {
    const { namespace, name, log, now } = this.#options;
    this.#secret = secret;
    if (secret === undefined) return;
    this.#isForeign = !isOurs(secret, 'authority');
    const read = tryRead(secret, now());
    if ('problem' in read) {
      if (read.problem !== this.#problem) log.error({ namespace, name, reason: read.problem }, 'certificates: the Secret of the authorities cannot be used');
      this.#problem = read.problem;
      return;
    }
    this.#problem = undefined;
    this.#authorities = read;
  }
}

function tryRead(secret: Secret, now: number): ReturnType<typeof readAuthorities> {
  try {
    return readAuthorities(secret, now);
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
