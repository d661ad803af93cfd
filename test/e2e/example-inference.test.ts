import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

test('the inference example shows where conversations went and why, and leaves nothing behind', { timeout: 120_000 }, async () => {
  const example = spawn('npm', ['run', '--silent', 'example:inference', '--', '--exit', '--admin', '127.0.0.1:0'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [example.stdout, example.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(example, 'close')) as [number | null];
  assert.equal(code, 0, output);
  // Six conversations, each with one server for all its turns.
  assert.equal([...output.matchAll(/^ {2}\w+ +llama-[123] ×4 +first token after/gm)].length, 6, output);
  assert.match(output, /queue-scorer ×2 +kv-cache-utilization-scorer ×2 +prefix-cache-scorer ×3/);
  const state = /logs and state: (\S+)/.exec(output)?.[1];
  assert.ok(state !== undefined && !existsSync(state), output);
});
