import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from './support/moongate.ts';

const root = join(import.meta.dirname, '../..');

/** How long (ms) all processes of the quickstart may take to end. */
const endMs = 20_000;

describe('npm start', () => {
  const ends: [string, (pid: number) => void][] = [
    ['a SIGTERM to npm', (pid) => process.kill(pid, 'SIGTERM')],
    ['a terminal that goes, which sends SIGHUP to all', (pid) => process.kill(-pid, 'SIGHUP')],
  ];
  for (const [name, end] of ends) {
    test(`leaves nothing behind when it is ended by ${name}`, async () => {
      // A group of its own, so that nothing outlives a test that fails.
      const npm = spawn('npm', ['start', '--', '--admin', 'off'], { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      npm.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      npm.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      // The gateway writes to the same pipes: they are closed when the last of the processes has ended.
      let closed = false;
      npm.on('close', () => (closed = true));
      try {
        await eventually('the summary', () => closed || output.includes('logs and state:'), 60_000);
        const state = /logs and state: (\S+)/.exec(output)?.[1];
        assert.ok(state !== undefined && existsSync(state), output);
        end(npm.pid ?? assert.fail());
        await eventually('all processes have ended', () => closed, endMs);
        assert.equal(existsSync(state), false, output);
      } finally {
        if (!closed && npm.pid !== undefined) {
          process.kill(-npm.pid, 'SIGTERM');
          await eventually('all processes have ended after all', () => closed, endMs);
        }
      }
    });
  }
});
