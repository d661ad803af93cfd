import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { certificatesIn } from './pem.ts';
import { advance, dueAt, firstAuthorities, phaseOf, type Authorities, type RotationOptions } from './rotation.ts';

const DAY_MS = 86_400_000;
const now = Date.UTC(2026, 0, 1);
const settleMs = 600_000;
let first: Authorities;

const step = (from: Authorities, options: Partial<RotationOptions> = {}): Promise<Authorities> =>
  advance(from, { now, settleMs, unsettledAt: 0, asked: false, days: 30, ...options });
const issuers = ({ trusted }: Authorities): readonly string[] => certificatesIn(trusted);
const normal = (cert: string): string => new X509Certificate(cert).toString();

before(async () => {
  first = await firstAuthorities({ now, days: 30 });
});

describe('the rotation of authorities', () => {
  it('does nothing until two thirds of the life are over', async () => {
    assert.equal(phaseOf(first), 'steady');
    assert.equal(await step(first, { now: now + 19 * DAY_MS }), first);
    const due = dueAt(first, { settleMs, unsettledAt: 0 });
    assert.ok(due > now + 19 * DAY_MS && due < now + 21 * DAY_MS);
    assert.notEqual(await step(first, { now: due }), first);
  });

  it('makes everybody trust the next one, then lets it sign, then drops the old one', async () => {
    const introducing = await step(first, { asked: true });
    assert.equal(phaseOf(introducing), 'introducing');
    assert.equal(introducing.current, first.current);
    assert.deepEqual(issuers(introducing), [normal(first.current.cert), normal(introducing.next?.cert ?? '')]);
    assert.equal(await step(introducing, { now: now + settleMs - 1, asked: true }), introducing);

    const replacing = await step(introducing, { now: now + settleMs });
    assert.equal(phaseOf(replacing), 'replacing');
    assert.equal(replacing.current, introducing.next);
    assert.deepEqual(issuers(replacing), issuers(introducing).toReversed());
    assert.equal(replacing.since, now + settleMs);
    assert.equal(await step(replacing, { now: now + 2 * settleMs - 1 }), replacing);

    const steady = await step(replacing, { now: now + 2 * settleMs });
    assert.equal(phaseOf(steady), 'steady');
    assert.equal(steady.current, replacing.current);
    assert.deepEqual(issuers(steady), [normal(steady.current.cert)]);
  });

  it('waits from the moment on when everything was up to date', async () => {
    const introducing = await step(first, { asked: true });
    const unsettledAt = now + 100 * DAY_MS;
    assert.equal(dueAt(introducing, { settleMs, unsettledAt: now + DAY_MS }), now + DAY_MS + settleMs);
    assert.equal(await step(introducing, { now: now + 2 * settleMs, unsettledAt: now + settleMs + 1 }), introducing);
    assert.ok(dueAt(introducing, { settleMs, unsettledAt }) < unsettledAt, 'but not beyond the end of the authority that signs');
  });

  it('replaces an authority that has expired at once', async () => {
    const fresh = await step(first, { now: now + 30 * DAY_MS });
    assert.equal(phaseOf(fresh), 'steady');
    assert.notEqual(fresh.current, first.current);
    assert.deepEqual(issuers(fresh), [normal(fresh.current.cert)]);
  });
});
