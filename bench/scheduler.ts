/**
 * What one decision of the endpoint picker costs: `node bench/scheduler.ts [--endpoints N]`. The default configuration; prefix matches are made up,
 * so what a look-up in the prefix index costs is not in it. Prints microseconds and bytes allocated per decision.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { defaultConfig } from '../src/epp/config/default-config.ts';
import { Account } from '../src/epp/endpoints/account.ts';
import { Endpoint, noMetrics } from '../src/epp/endpoints/endpoint.ts';
import { buildScheduling } from '../src/epp/scheduling/build.ts';
import { PickLog } from '../src/epp/scheduling/pick-log.ts';
import { newDecision } from '../src/epp/scheduling/plugin.ts';
import { isRefusal } from '../src/epp/scheduling/profile-handler.ts';
import { testPrompt, testRequest } from '../src/epp/testing.ts';

const { values: args } = parseArgs({ options: { endpoints: { type: 'string', default: '100' } } });
const count = Number(args.endpoints);
const rounds = 20_000;

const endpoints = Array.from({ length: count }, (_, slot) => {
  const endpoint = new Endpoint({ slot, name: `default/pod-${slot}-rank-0`, pod: `default/pod-${slot}`, ip: `10.0.0.${slot}`, port: 8000, labels: {} });
  endpoint.metrics = { ...noMetrics, at: 0, waiting: slot % 4, running: slot % 30, kvCacheUsage: (slot % 10) / 20, blocks: 10_000, blockSize: 16 };
  endpoint.inFlightAtScrape = 0;
  return endpoint;
});

/** Some servers have some of the prompt. */
const match = { totalBlocks: 16, blockTokens: 64, matchedBlocks: ({ slot }: Endpoint) => (slot % 7 === 0 ? slot % 16 : 0) };
const { scheduler, tokenCost } = buildScheduling(defaultConfig(), {
  random: Math.random,
  prefixIndex: () => ({ match: () => match, add() {}, removeEndpoint() {} }),
  sleep: () => new Promise(() => {}),
});
const account = new Account({ observers: scheduler.observers, cost: tokenCost });
const request = testRequest({ prompt: testPrompt(...Array.from({ length: 16 }, (_, i) => i)), promptTokens: 1024 });
const profile = scheduler.profiles.get('default');

function measure(what: string, log: PickLog): void {
  const times = new Float64Array(rounds);
  const decide = (now: number) => {
    const decision = newDecision(request, now);
    void scheduler.prepare(decision, endpoints);
    const outcome = scheduler.pick(decision, endpoints);
    if (isRefusal(outcome) || profile === undefined) throw new Error('nobody was picked');
    log.record(decision, profile, outcome.primary.endpoints);
    return account.reserve(decision, outcome);
  };
  for (let i = 0; i < rounds; i++) decide(i).end();
  const heap = process.memoryUsage().heapUsed;
  for (let i = 0; i < rounds; i++) {
    const begin = performance.now();
    decide(i).end();
    times[i] = (performance.now() - begin) * 1000;
  }
  const grown = (process.memoryUsage().heapUsed - heap) / rounds;
  times.sort();
  const at = (share: number) => (times[Math.floor((rounds - 1) * share)] ?? NaN).toFixed(1);
  const mean = (times.reduce((sum, time) => sum + time, 0) / rounds).toFixed(1);
  console.log(`${what.padEnd(34)} mean ${mean} µs, median ${at(0.5)}, p99 ${at(0.99)}; heap ${grown > 0 ? `+${grown.toFixed(0)} bytes` : 'collected meanwhile'}`);
}

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${count} endpoints, ${rounds} decisions`);
measure('pick, reserve, end', new PickLog(0));
measure('with a log of 1,000 picks', new PickLog(1000));
