import { setTimeout as sleep } from 'node:timers/promises';

import { adminClient } from './admin-client.ts';
import type { AdminClient } from './admin-client.ts';
import type { EnvoyProcess } from './envoy-process.ts';
import { lastWords } from './last-words.ts';
import type { LogStart } from './last-words.ts';
import type { Slot } from './proxy-files.ts';

/** How a process came to us. */
export interface Origin {
  readonly slot: Slot;
  /** Of the LaunchPlan that it was started for. */
  readonly hash: string;
  /** An earlier control plane started it. */
  readonly adopted: boolean;
  /** Where its own lines begin in the logs. */
  readonly logs: readonly LogStart[];
}

/** One Envoy process, how to talk to it, and what is known of it. */
export interface Instance extends Origin {
  readonly process: EnvoyProcess;
  readonly admin: AdminClient;
  /** Fulfilled with true once Envoy is live, with false when it ends before. */
  readonly whenReady: Promise<boolean>;
  /** Fulfilled when it has ended and `ended` says why. */
  readonly over: Promise<void>;
  readonly ready: boolean;
  readonly ended: string | undefined;
}

/** Told once each; nothing is told after `signal` is aborted. */
export interface InstanceListener {
  readonly signal: AbortSignal;
  readonly onReady: (instance: Instance) => void;
  /** It has not become live for a noticeable time. */
  readonly onLate: (instance: Instance, ms: number) => void;
}

const pollMs = { first: 25, last: 250, growth: 1.2 } as const;
const lateMs = 10_000;

/** Watches a process for becoming live and for its end. */
export function watchInstance(process: EnvoyProcess, origin: Origin, listener: InstanceListener): Instance {
  const admin = adminClient(origin.slot.adminSocket);
  const readiness = Promise.withResolvers<boolean>();
  const settle = async (): Promise<void> => {
    const how = await process.exited;
    const words = await lastWords(origin.logs);
    instance.ended = words === undefined ? how : `${how}: ${words}`;
    instance.ready = false;
    readiness.resolve(false);
  };
  const instance = { ...origin, process, admin, whenReady: readiness.promise, over: settle(), ready: false, ended: undefined as string | undefined };
  const over = (): boolean => instance.ended !== undefined || listener.signal.aborted;
  const watch = async (): Promise<void> => {
    const start = performance.now();
    let late = false;
    for (let wait: number = pollMs.first; !over() && !(await admin.ready()); wait = Math.min(wait * pollMs.growth, pollMs.last)) {
      if (!late && performance.now() - start > lateMs && !over()) listener.onLate(instance, lateMs);
      late ||= performance.now() - start > lateMs;
      await sleep(wait, undefined, { ref: false });
    }
    if (over()) return;
    instance.ready = true;
    readiness.resolve(true);
    listener.onReady(instance);
  };
  void watch();
  return instance;
}
