import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, mock, test } from 'node:test';
import { SlowTests } from './slow-tests.ts';

describe('tests that take long', () => {
  let folder: string;
  let slow: SlowTests;

  before(() => mock.timers.enable({ apis: ['setTimeout'] }));
  after(() => mock.timers.reset());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'moongate-slow-tests-'));
    slow = new SlowTests({ folder, patience: 1000, dump: (path) => mkdir(path) });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('leave a dump when they fail', async () => {
    slow.running(new Set(['A', 'B']));
    mock.timers.tick(600);
    slow.running(new Set(['A']));
    mock.timers.tick(600);
    await slow.stop();
    assert.deepEqual(readdirSync(folder), ['A']);
  });

  test('leave nothing when they pass after all', async () => {
    slow.running(new Set(['A']));
    mock.timers.tick(1100);
    slow.running(new Set());
    slow.passed('A');
    await slow.stop();
    assert.deepEqual(readdirSync(folder), []);
  });

  test('that end in time leave nothing', async () => {
    slow.running(new Set(['A']));
    mock.timers.tick(900);
    slow.running(new Set());
    mock.timers.tick(900);
    await slow.stop();
    assert.deepEqual(readdirSync(folder), []);
  });
});
