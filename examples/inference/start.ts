// Runs the inference example: three simulated model servers, and `moongate run` on the files beside this one. Sends them some conversations, and
// shows where these went and why. With --exit it ends then.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startModelServer, type ModelServer } from './model-server.ts';
import { ask, summary, type Answered } from './traffic.ts';

const here = import.meta.dirname;
const main = join(here, '../../src/cli/main.ts');
const modelPort = 8000;
const gatewayPort = 8080;
const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const readyMs = 120_000;

const exits = process.argv.includes('--exit');
const options = process.argv.slice(2).filter((option) => option !== '--exit');

const servers: ModelServer[] = [];
for (const [i, host] of hosts.entries()) {
  servers.push(await startModelServer({ host, port: modelPort, pod: `llama-${i + 1}`, settings: { prefillMsPerToken: 0.5 } }).catch((error: unknown) => taken(host, error)));
}
const directory = mkdtempSync(join(tmpdir(), 'moongate-inference-'));
const state = join(directory, 'state');
const gateway = spawn(process.execPath, [main, 'run', '-f', join(here, 'resources'), '--state-dir', state, ...options], { stdio: 'inherit' });

let ended = false;
// A Ctrl-C reaches the gateway from the terminal too; a SIGTERM does not, and a SIGHUP means to it to read its files again.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => gateway.kill('SIGTERM'));
process.on('SIGHUP', () => gateway.kill('SIGTERM'));
process.on('exit', () => gateway.kill('SIGTERM'));
gateway.on('exit', (code) => {
  ended = true;
  for (const server of servers) void server.close();
  rmSync(directory, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});

if (await ready()) await show();
if (exits) gateway.kill('SIGTERM');

/** Waits until everything serves. */
async function ready(): Promise<boolean> {
  const deadline = performance.now() + readyMs;
  while (!ended && performance.now() < deadline) {
    const answer = spawnSync(process.execPath, [main, 'status', '--state-dir', state, '-o', 'json'], { encoding: 'utf8' });
    if (answer.status === 0 && (JSON.parse(answer.stdout) as { readonly ready: boolean }).ready) return true;
    await sleep(200);
  }
  return false;
}

async function show(): Promise<void> {
  const conversations = ['ada', 'grace', 'hedy', 'joan', 'katherine', 'mary'];
  const answers: Answered[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const system = (conversation: string) => `You help ${conversation} with ${'all kinds of questions, politely and at length; '.repeat(40)}`;
    answers.push(...(await Promise.all(conversations.map((conversation) => ask(gatewayPort, { conversation, turn, system: system(conversation) })))));
  }
  console.log(`\nSix conversations of four turns. Each stays with the server that has read its beginning:\n\n${summary(answers)}\n\nThe last picks, and why (moongate picks -o wide):\n`);
  spawnSync(process.execPath, [main, 'picks', '--state-dir', state, '--limit', '3', '-o', 'wide'], { stdio: 'inherit' });
  if (exits) return;
  console.log(`
Try:
  curl http://127.0.0.1:${gatewayPort}/v1/chat/completions -d '{"model": "llama", "messages": [{"role": "user", "content": "Hello"}]}'
  curl http://127.0.0.2:${modelPort}/admin/config -d '{"slowdown": 10}'
  ./bin/moongate picks --state-dir ${state}

Ctrl-C ends everything.
`);
}

function taken(host: string, error: unknown): never {
  console.error(`The model server cannot listen on ${host}:${modelPort}: ${error instanceof Error ? error.message : String(error)}.`);
  console.error(`End what uses the port, or change it here and in examples/inference/resources/pool.yaml.`);
  process.exit(1);
}
