import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misdirections } from './misdirected.ts';
import { bestMatch } from '../hostname.ts';

const claim = (hostname: string) => ({ key: `Gateway/default/web/${hostname}`, hostname });
const hosts = (count: number, suffix: string) => Array.from({ length: count }, (_, i) => claim(`h${i}.${suffix}`));

test('hosts of the others are named, the most specific first', () => {
  const claims = ['*', 'a.com', '*.b.com', 'x.b.com'].map(claim);
  const misdirected = misdirections(claims);
  assert.deepEqual(misdirected([claim('a.com')]), ['x.b.com', '*.b.com', '*']);
  assert.deepEqual(misdirected([claim('*.b.com')]), ['x.b.com', 'a.com', '*']);
  assert.deepEqual(misdirected(claims), []);
});

test('of very many, those below the own hostname are named, and * stands for the rest', () => {
  const claims = [...hosts(1000, 'far.com'), ...hosts(3, 'near.com'), claim('*.near.com')];
  const misdirected = misdirections(claims);
  assert.deepEqual(misdirected([claim('*.near.com')]), ['h0.near.com', 'h1.near.com', 'h2.near.com', '*']);
  assert.deepEqual(misdirected([claim('h0.near.com')]), ['*']);
});

test('no host is misdirected at the listener that it belongs to, and every host of another listener is', () => {
  const claims = [...hosts(600, 'a.com'), claim('*.a.com'), ...hosts(600, 'x.a.com'), claim('*.x.a.com'), claim('*')];
  const misdirected = misdirections(claims);
  const names = new Set(claims.map(({ hostname }) => hostname));
  for (const own of [claim('*'), claim('*.a.com'), claim('*.x.a.com'), claim('h1.a.com')]) {
    const listed = new Set([...misdirected([own]), own.hostname]);
    for (const host of ['h1.a.com', 'other.a.com', 'h1.x.a.com', 'other.x.a.com', 'b.com']) {
      assert.equal(bestMatch(listed, host) === own.hostname, bestMatch(names, host) === own.hostname, `${host} at ${own.hostname}`);
    }
  }
});
