import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { SaturationDetector } from '../scheduling/plugin.ts';
import { concurrencyDetector } from '../scheduling/plugins/detectors/concurrency-detector.ts';
import { made } from '../scheduling/plugins/testing.ts';
import { priorityHoldbackPolicy } from '../scheduling/plugins/usage-limits/priority-holdback-policy.ts';
import { staticUsageLimitPolicy } from '../scheduling/plugins/usage-limits/static-usage-limit-policy.ts';
import { testEndpoint } from '../testing.ts';
import type { UsageLimitPolicy } from './policy.ts';
import { TestPool } from './testing.ts';

interface Settings {
  readonly fairness: 'strict' | 'round-robin';
  readonly ordering: 'fcfs' | 'edf' | 'slo';
  readonly holdback: boolean;
  readonly ttl: number;
  readonly emptyTtl: number;
  readonly maxBand: number;
  readonly maxAll: number;
  readonly maxBytes: number;
  readonly each: number;
}

interface Item {
  readonly id: string;
  readonly priority: number;
  readonly flow: string;
  readonly ttftMs: number | undefined;
  readonly bytes: number;
  readonly since: number;
  readonly serial: number;
  state: 'waiting' | 'coming' | 'placed';
  server: number | undefined;
}

const priorities = [7, 0];
const usageLimitOf = ({ holdback }: Settings) => (holdback ? made<UsageLimitPolicy>(priorityHoldbackPolicy, { minCeiling: 0.4 }) : made<UsageLimitPolicy>(staticUsageLimitPolicy));

/** Flow control as a list of requests that is looked through from the beginning for everything. */
class Naive {
  readonly events: string[] = [];
  readonly #settings: Settings;
  readonly #detector: SaturationDetector;
  readonly #usageLimit: UsageLimitPolicy;
  readonly #servers = Array.from({ length: 4 }, (_, slot) => testEndpoint(slot));
  readonly #known = new Set(priorities);
  /** When flows had their last turn, or began to wait. */
  readonly #turns = new Map<string, number>();
  items: Item[] = [];
  now = 0;
  #count = 1;
  #size = 1;
  #changedAt = -Infinity;
  #steps = 0;
  isShutDown = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#detector = made(concurrencyDetector, { maxConcurrency: settings.each });
    this.#usageLimit = usageLimitOf(settings);
  }

  get waiting(): readonly Item[] {
    return this.items.filter(({ state }) => state === 'waiting');
  }

  send(fields: Omit<Item, 'since' | 'serial' | 'state' | 'server'>, placesAtOnce: boolean): void {
    if (this.isShutDown) return this.#note(fields.id, 'rejected-shutting-down 503');
    this.#known.add(fields.priority);
    const item: Item = { ...fields, since: this.now, serial: this.#count++, state: 'waiting', server: undefined };
    if (!this.#ofFlow(item).length) this.#turns.set(keyOf(item), this.#steps++);
    this.items.push(item);
    this.settle(placesAtOnce, item);
    const { maxBand, maxAll, maxBytes } = this.#settings;
    const band = this.waiting.filter(({ priority }) => priority === item.priority);
    if (item.state !== 'waiting') return;
    if (band.length <= maxBand && this.waiting.length <= maxAll && this.bytes <= maxBytes) return;
    this.#remove(item);
    this.#note(item.id, this.#size === 0 ? 'rejected-no-endpoints 503' : 'rejected-saturated 429');
  }

  get bytes(): number {
    return this.waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  place(id: string): void {
    const item = this.items.find((each) => each.id === id);
    if (item?.state !== 'coming') return;
    item.state = 'placed';
    const [server] = this.#servers.slice(0, this.#size).sort((a, b) => a.inFlight - b.inFlight);
    item.server = server?.slot;
    if (server !== undefined) server.inFlight++;
  }

  end(id: string): void {
    const item = this.items.find((each) => each.id === id);
    if (item === undefined) return;
    const server = item.server === undefined ? undefined : this.#servers[item.server];
    if (server !== undefined) server.inFlight--;
    this.#remove(item);
  }

  scale(size: number): void {
    if ((size === 0) !== (this.#size === 0)) this.#changedAt = this.now;
    this.#size = size;
  }

  shutdown(): void {
    this.isShutDown = true;
    for (const item of this.waiting) {
      this.#remove(item);
      this.#note(item.id, 'rejected-shutting-down 503');
    }
  }

  advance(ms: number, placesAtOnce: boolean): void {
    const until = this.now + ms;
    for (let due = this.#due; due <= until && this.waiting.length > 0; due = this.#due) {
      this.now = due;
      this.settle(placesAtOnce);
    }
    this.now = until;
  }

  get #due(): number {
    return Math.min(...this.waiting.map((item) => this.#expiry(item)));
  }

  #expiry({ since }: Item): number {
    const ttl = this.#size === 0 ? this.#settings.emptyTtl : this.#settings.ttl;
    return ttl === 0 ? Infinity : Math.max(since, this.#changedAt) + ttl;
  }

  settle(placesAtOnce: boolean, admitting?: Item): void {
    for (const item of this.waiting.filter((each) => this.#expiry(each) <= this.now)) {
      this.#remove(item);
      this.#note(item.id, this.#size === 0 ? 'rejected-no-endpoints 503' : 'rejected-ttl-expired 429');
    }
    for (let item = this.#next(); item !== undefined; item = this.#next()) {
      item.state = 'coming';
      this.#turns.set(keyOf(item), this.#steps++);
      this.#note(item.id, 'dispatched');
      if (placesAtOnce || item === admitting) this.place(item.id);
    }
  }

  #next(): Item | undefined {
    if (this.#size === 0) return undefined;
    const coming = this.items.filter(({ state }) => state === 'coming').length;
    const saturation = this.#detector.saturation(this.now, this.#servers.slice(0, this.#size), coming);
    const bands = [...this.#known].sort((a, b) => b - a);
    const ceilings = new Float64Array(bands.length);
    this.#usageLimit.limit(saturation, bands, ceilings, this.now);
    for (const [i, priority] of bands.entries()) {
      if (saturation >= (ceilings[i] ?? 0)) return undefined;
      const here = this.waiting.filter((item) => item.priority === priority);
      const turn = (item: Item) => (this.#settings.fairness === 'strict' ? 0 : (this.#turns.get(keyOf(item)) ?? 0));
      const [first] = here.sort((a, b) => turn(a) - turn(b) || this.#deadline(a) - this.#deadline(b) || a.serial - b.serial);
      if (first !== undefined) return first;
    }
    return undefined;
  }

  #deadline({ since, ttftMs }: Item): number {
    if (this.#settings.ordering === 'slo') return ttftMs === undefined ? Number.MAX_SAFE_INTEGER : since + ttftMs;
    return this.#settings.ordering === 'edf' ? since : 0;
  }

  #ofFlow(item: Item): readonly Item[] {
    return this.waiting.filter((each) => keyOf(each) === keyOf(item));
  }

  #remove(item: Item): void {
    this.items = this.items.filter((each) => each !== item);
  }

  #note(id: string, what: string): void {
    this.events.push(`${this.now} ${id} ${what}`);
  }
}

function keyOf({ priority, flow }: Pick<Item, 'priority' | 'flow'>): string {
  return `${priority}/${flow}`;
}

const settings: fc.Arbitrary<Settings> = fc.record({
  fairness: fc.constantFrom('strict', 'round-robin'),
  ordering: fc.constantFrom('fcfs', 'edf', 'slo'),
  holdback: fc.boolean(),
  ttl: fc.constantFrom(0, 50, 200),
  emptyTtl: fc.constantFrom(0, 30, 500),
  maxBand: fc.constantFrom(3, 100),
  maxAll: fc.constantFrom(5, 100),
  maxBytes: fc.constantFrom(40, 10_000),
  each: fc.integer({ min: 1, max: 4 }),
});

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('send' as const), priority: fc.constantFrom(7, 0, 0, 3, -2), flow: fc.constantFrom('a', 'b', 'c'), ttftMs: fc.option(fc.integer({ min: 1, max: 90 }), { nil: undefined }), bytes: fc.integer({ min: 0, max: 20 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('place' as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 80 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('scale' as const), servers: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('late' as const) }) },
);

describe('flow control does what a list does that is looked through each time', () => {
  for (const endsWithShutdown of [false, true]) {
    test(endsWithShutdown ? 'up to a shutdown at any time' : 'whatever comes', () => {
      fc.assert(fc.property(settings, fc.array(step, { maxLength: 80, size: 'max' }), (chosen, steps) => run(chosen, steps, endsWithShutdown)), { numRuns: 1500 });
    });
  }
});

function run(chosen: Settings, steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[], endsWithShutdown: boolean): void {
  const pool = new TestPool({
    ...chosen, priorities, defaultRequestTtlMs: chosen.ttl, noEndpointRequestTtlMs: chosen.emptyTtl,
    band: { maxRequests: chosen.maxBand }, maxRequests: chosen.maxAll, maxBytes: chosen.maxBytes, usageLimit: usageLimitOf(chosen),
  });
  const naive = new Naive(chosen);
  const live: string[] = [];
  let placesAtOnce = true;
  let isAdmitting = false;
  pool.onTurn = (id) => (placesAtOnce || isAdmitting ? pool.place(id) : undefined);
  const check = () => {
    assert.deepEqual(pool.events, naive.events);
    const { waiting, inFlight, coming, bands } = pool.control;
    const dispatched = naive.items.filter(({ state }) => state !== 'waiting');
    assert.deepEqual([waiting.size, waiting.bytes, inFlight, coming], [naive.waiting.length, naive.bytes, dispatched.length, dispatched.filter(({ state }) => state === 'coming').length]);
    assert.deepEqual([...waiting].map(({ request }) => request.id), naive.waiting.map(({ id }) => id));
    assert.equal(bands.reduce((sum, band) => sum + band.size, 0), waiting.size);
    assert.ok(pool.timers.pending <= 1);
    if (waiting.size === 0) assert.equal(pool.timers.pending, 0);
  };
  for (const [i, what] of steps.entries()) {
    const which = 'which' in what ? (live[what.which % Math.max(1, live.length)] ?? '') : '';
    switch (what.kind) {
      case 'send': {
        const { priority, flow, ttftMs, bytes } = what;
        live.push(`r${i}`);
        isAdmitting = true;
        pool.send(`r${i}`, { priority, fairnessId: flow, bodyBytes: bytes, ...(ttftMs !== undefined && { ttftMs }) });
        isAdmitting = false;
        naive.send({ id: `r${i}`, priority, flow, ttftMs, bytes }, true);
        break;
      }
      case 'end':
        pool.end(which);
        naive.end(which);
        naive.settle(placesAtOnce);
        break;
      case 'place':
        if (naive.items.some(({ id, state }) => id === which && state === 'coming')) pool.place(which);
        naive.place(which);
        naive.settle(placesAtOnce);
        break;
      case 'advance':
        pool.timers.advance(what.ms);
        naive.advance(what.ms, placesAtOnce);
        break;
      case 'scale':
        naive.scale(what.servers);
        pool.scale(what.servers);
        naive.settle(placesAtOnce);
        break;
      case 'late':
        placesAtOnce = !placesAtOnce;
    }
    check();
  }
  if (!endsWithShutdown) return;
  pool.control.shutdown();
  naive.shutdown();
  for (const id of live) {
    pool.end(id);
    naive.end(id);
  }
  check();
  assert.deepEqual([pool.control.inFlight, pool.control.coming, pool.endpoints.filter(({ inFlight }) => inFlight !== 0)], [0, 0, []]);
  assert.equal(Object.values(pool.control.outcomes).reduce((sum, count) => sum + count, 0), live.length, 'each request has one outcome');
}
