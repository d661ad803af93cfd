import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../../util/error-message.ts';
import type { Log } from '../../util/log.ts';
import type { AdminClient } from './admin-client.ts';
import { backOffDelay, type BackOff } from './back-off.ts';
import type { DrainLimits } from './drain.ts';
import { adoptEnvoy, type EnvoyProcess } from './envoy-process.ts';
import { watchInstance, type Instance, type Origin } from './instance.ts';
import { launch } from './launch.ts';
import type { ProxyFiles, Slot } from './proxy-files.ts';
import { clearSlot, survivors } from './proxy-record.ts';
import { launchPlan, type ProxySettings, type ProxySpec } from './proxy-spec.ts';
import type { ProxyState } from './proxy-state.ts';
import { Retirement } from './retirement.ts';

/** What all runners of a supervisor share. */
export interface RunnerOptions {
  readonly settings: ProxySettings;
  readonly backOff: BackOff;
  readonly drain: DrainLimits;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onState: (id: string, state: ProxyState) => void;
}

/** How long a runner rests after an error of its own. */
const bugPauseMs = 1000;

/**
 * Keeps one proxy as it is wanted: one Envoy process, and for the time of a replacement two.
 *
 *     wanted, none runs         start one (after the back-off)
 *     wanted, runs as wanted    wait for its end or another wish
 *     wanted, runs otherwise    start the other slot, wait until it is live, then drain the old process: ports are shared meanwhile
 *     not wanted, runs          drain it
 *     not wanted, none runs     finished
 */
export class ProxyRunner {
  readonly id: string;
  readonly files: ProxyFiles;
  /** Fulfilled when nothing is wanted and nothing runs any more, or after `detach`. */
  readonly finished: Promise<void>;

  readonly #options: RunnerOptions;
  #wanted: ProxySpec | undefined;
  /** Of the wanted plan; undefined also when it cannot be made, which the attempt to start it then tells. */
  #wantedHash: string | undefined;
  #current: Instance | undefined;
  readonly #retirement: Retirement;
  #startedAt = 0;
  #failures = 0;
  #outdated: string | undefined;
  #state: ProxyState = { kind: 'stopped' };
  #changed = Promise.withResolvers<void>();
  /** Of the step that is being done: fulfilled by a wish that came after the step had looked at them. */
  #interrupted: Promise<void> = this.#changed.promise;
  readonly #detached = new AbortController();
  #done = false;

  /** Starts at once, with what an earlier control plane left running. Without a `spec` it only clears that away. */
  constructor(id: string, { files, spec, ...options }: RunnerOptions & { readonly files: ProxyFiles; readonly spec?: ProxySpec }) {
    this.id = id;
    this.files = files;
    this.#options = options;
    this.#retirement = new Retirement({ ...options, id });
    this.#wanted = spec;
    this.#wantedHash = this.#hashOf(spec);
    this.finished = this.#run();
  }

  get state(): ProxyState {
    return this.#state;
  }

  /** Over: nothing runs, and `want` has no effect any more. */
  get done(): boolean {
    return this.#done;
  }

  /** Of the process that serves, when there is one. */
  get admin(): AdminClient | undefined {
    return this.#current?.ready === true ? this.#current.admin : undefined;
  }

  /** Of the current process, live or not: one that was found running can be asked before we know that it is live. */
  get currentAdmin(): AdminClient | undefined {
    return this.#current?.admin;
  }

  /** Sends a signal to the process that serves, when there is one. */
  signal(name: NodeJS.Signals): void {
    if (this.#current?.ready === true) this.#current.process.signal(name);
  }

  /** Says how the proxy is to run; undefined: not at all. */
  want(spec: ProxySpec | undefined): void {
    const hash = this.#hashOf(spec);
    // A wish that says nothing new must not cut a back-off short.
    if (hash === this.#wantedHash && (spec === undefined) === (this.#wanted === undefined)) return;
    this.#wanted = spec;
    this.#wantedHash = hash;
    this.#failures = 0;
    if (spec !== undefined) this.#retirement.takeTime();
    this.#wake();
  }

  /** Ends the wait for clients of processes that are being drained. */
  hurry(): void {
    this.#retirement.hurry();
  }

  /** Stops looking after the proxy and leaves its process alone. */
  detach(): void {
    this.#detached.abort();
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #run(): Promise<void> {
    let takenOver = false;
    while (!this.#detached.signal.aborted) {
      try {
        if (!takenOver) this.#takeOver();
        takenOver = true;
        if (await this.#step()) break;
      } catch (error) {
        // A full disk, or a bug: neither may end the other proxies.
        this.#options.log.error({ proxy: this.id, err: error }, 'cannot look after an Envoy');
        await this.#pause(bugPauseMs);
      }
    }
    this.#done = true;
    if (!this.#detached.signal.aborted) this.#enter({ kind: 'stopped' });
  }

  /** Does what is next, or waits for something to happen; true when there is nothing left to do. */
  async #step(): Promise<boolean> {
    const current = this.#current;
    this.#interrupted = this.#changed.promise;
    if (this.#wanted === undefined) {
      if (current !== undefined) this.#leave(current);
      else if (this.#retirement.size === 0) return true;
      else await Promise.race([this.#retirement.next(), this.#interrupted]);
    } else if (current === undefined) {
      await this.#begin(this.#wanted);
    } else if (current.ended !== undefined) {
      await this.#restart(current, current.ended);
    } else if (current.hash !== this.#wantedHash) {
      await this.#replace(current, this.#wanted);
    } else {
      this.#outdated = undefined;
      this.#show(current);
      await Promise.race([current.over, this.#interrupted]);
    }
    return false;
  }

  /** Finds out what runs. The process that was started for what is wanted is the best; without one, any will do until replaced. */
  #takeOver(): void {
    const found = survivors(this.files).map(({ slot, record }) =>
      this.#watch(adoptEnvoy(record), { slot, hash: record.hash, adopted: true, logs: [] }));
    this.#current = found.find((instance) => instance.hash === this.#wantedHash) ?? found[0];
    for (const instance of found) if (instance !== this.#current) this.#retirement.add(instance, 'handover');
    if (this.#current === undefined) return;
    this.#options.log.info({ proxy: this.id, pid: this.#current.process.pid }, 'found a running Envoy');
  }

  async #begin(spec: ProxySpec): Promise<void> {
    this.#enter({ kind: 'starting' });
    try {
      this.#current = await this.#launch(spec);
    } catch (error) {
      await this.#backOff(messageOf(error));
    }
  }

  async #restart(dead: Instance, reason: string): Promise<void> {
    this.#current = undefined;
    clearSlot(dead.slot);
    if (this.#options.now() - this.#startedAt >= this.#options.backOff.resetAfterMs) this.#failures = 0;
    await this.#backOff(reason);
  }

  async #backOff(reason: string): Promise<void> {
    const delayMs = this.#nextDelay();
    this.#options.log.error({ proxy: this.id, reason, failures: this.#failures, delayMs }, 'Envoy is not running and will be started again');
    this.#enter({ kind: 'backoff', reason, failures: this.#failures, delayMs });
    await this.#pause(delayMs);
  }

  #nextDelay(): number {
    this.#failures++;
    return backOffDelay(this.#options.backOff, { failures: this.#failures, random: this.#options.random() });
  }

  /** Make before break: the old process serves until the new one does. When the new one fails, the old one stays. */
  async #replace(old: Instance, spec: ProxySpec): Promise<void> {
    let next: Instance;
    try {
      next = await this.#launch(spec);
    } catch (error) {
      return this.#keepOld(old, messageOf(error));
    }
    this.#options.log.info({ proxy: this.id, pid: next.process.pid, replaces: old.process.pid }, 'started an Envoy with the new settings');
    const event = await Promise.race([
      next.whenReady.then((ready) => (ready ? 'ready' as const : 'failed' as const)),
      old.over.then(() => 'ready' as const),
      this.#interrupted.then(() => 'changed' as const),
    ]);
    if (event === 'ready') {
      this.#current = next;
      this.#failures = 0;
      if (old.ended === undefined) this.#retirement.add(old, 'handover');
      else clearSlot(old.slot);
    } else if (event === 'failed') {
      clearSlot(next.slot);
      await this.#keepOld(old, next.ended ?? 'it ended before it was ready');
    } else if (!this.#detached.signal.aborted) {
      this.#retirement.add(next, 'handover');
    }
  }

  async #keepOld(old: Instance, reason: string): Promise<void> {
    this.#outdated = reason;
    const delayMs = this.#nextDelay();
    this.#options.log.error({ proxy: this.id, reason, delayMs }, 'an Envoy with the new settings does not start: the old one goes on');
    this.#show(old);
    await Promise.race([this.#pause(delayMs), old.over]);
  }

  async #launch(spec: ProxySpec): Promise<Instance> {
    const slot = await this.#retirement.freeSlot(this.files.slots, this.#current?.slot);
    const plan = this.#plan(spec, slot);
    this.#startedAt = this.#options.now();
    const { process, logs } = await launch(plan, { id: this.id, binary: this.#options.settings.binary, files: this.files, slot });
    return this.#watch(process, { slot, hash: plan.hash, adopted: false, logs });
  }

  #plan(spec: ProxySpec, slot: Slot): ReturnType<typeof launchPlan> {
    return launchPlan(spec, this.#options.settings, { files: this.files, slot });
  }

  #hashOf(spec: ProxySpec | undefined): string | undefined {
    try {
      return spec === undefined ? undefined : this.#plan(spec, this.files.slots[0]).hash;
    } catch {
      return undefined;
    }
  }

  #watch(process: EnvoyProcess, origin: Origin): Instance {
    return watchInstance(process, origin, {
      signal: this.#detached.signal,
      onReady: (instance) => instance === this.#current && this.#show(instance),
      onLate: ({ process: { pid } }, ms) =>
        this.#options.log.warn({ proxy: this.id, pid, ms }, 'Envoy is not ready yet: it waits for its first configuration'),
    });
  }

  #leave(current: Instance): void {
    this.#current = undefined;
    if (current.ended !== undefined) {
      clearSlot(current.slot);
      return;
    }
    this.#enter({ kind: 'draining', pid: current.process.pid });
    this.#retirement.add(current, 'graceful');
  }

  /** Waits, but not longer than until another wish comes. */
  async #pause(ms: number): Promise<void> {
    const over = new AbortController();
    await Promise.race([this.#interrupted, sleep(ms, undefined, { signal: over.signal, ref: false }).catch(() => {})]);
    over.abort();
  }

  #show(instance: Instance): void {
    const { pid } = instance.process;
    if (!instance.ready) this.#enter({ kind: 'starting', pid });
    else if (this.#outdated === undefined) this.#enter({ kind: 'running', pid, adopted: instance.adopted });
    else this.#enter({ kind: 'running', pid, adopted: instance.adopted, outdated: this.#outdated });
  }

  #enter(state: ProxyState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#options.onState(this.id, state);
  }
}
