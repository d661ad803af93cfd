/**
 * What the endpoint picker's prefix index costs and holds: `node --expose-gc bench/prefix.ts`. Prompts are made of a part that many share and a part
 * of their own, and are given to servers in turn.
 */
import { cpus } from 'node:os';
import { Endpoint } from '../src/epp/endpoints/endpoint.ts';
import { hashWords } from '../src/epp/prefix/block-hash.ts';
import { ByteBudget } from '../src/epp/prefix/byte-budget.ts';
import { PrefixIndex } from '../src/epp/prefix/prefix-index.ts';
import type { PromptDigest } from '../src/epp/prefix/prompt-digest.ts';

const endpoints = [...Array(256).keys()].map((slot) => new Endpoint({ slot, name: `default/p${slot}-rank-0`, pod: `default/p${slot}`, ip: '10.0.0.1', port: 8_000, labels: {} }));

function server(slot: number): Endpoint {
  return endpoints[slot] as Endpoint;
}

/** Numbers that are as good as random, two for each block of a prompt. */
function digest(prompt: number, blocks: number, shared = 0, family = 0): PromptDigest {
  const hashes = new Uint32Array(2 * blocks);
  for (let i = 0; i < 2 * blocks; i++) {
    let hash = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(i < 2 * shared ? ~family : prompt, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hashes[i] = Math.imul(hash ^ (hash >>> 12), 0x297a2d39) ^ (hash >>> 15);
  }
  return { hashes, blocks, blockTokens: 64 };
}

function time(what: string, rounds: number, run: (round: number) => void, each = 1, unit = 'call'): void {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    run(round);
    times.push(((performance.now() - begin) * 1000) / each);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? NaN).toFixed(2);
  console.log(`${what.padEnd(76)} p50 ${at(0.5)}, p99 ${at(0.99)} µs a ${unit}`);
}

/** MiB of the process, garbage left out where Node lets us collect it. */
function rss(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().rss / 2 ** 20);
}

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`);
const before = rss();
const hundred = endpoints.slice(0, 100);

// 10 pools of 100 servers each, and a million prompts.
const total = 128 << 20;
const budget = new ByteBudget(total);
const settings = { blocksPerServer: 31_250, autoTune: false };
const pools = [...Array(10).keys()].map(() => new PrefixIndex({ budget, ...settings }));
const prompts = 1_000_000;
const begin = performance.now();
for (let i = 0; i < prompts; i++) pools[i % 10]?.add(digest(i + 1, 8, 4, i % 1_000), server(Math.floor(i / 10) % 100));
const seconds = (performance.now() - begin) / 1_000;
const sum = (of: (pool: PrefixIndex) => number): string => pools.reduce((all, pool) => all + of(pool), 0).toLocaleString('en');
console.log(`${prompts.toLocaleString('en')} prompts of 8 blocks, 4 of them shared, 10 indexes, 100 servers each: ${((seconds * 1e6) / prompts).toFixed(2)} µs a prompt, made ones included`);
console.log(`  ${sum((pool) => pool.size)} blocks, ${sum((pool) => pool.bytes)} of ${total.toLocaleString('en')} bytes; process ${before} → ${rss()} MiB`);
for (const pool of pools) pool.clear();

const index = new PrefixIndex({ budget, ...settings });
const filler = digest(0, 1_000);
time('add: 1,000 blocks that are new, to an index that fills', 2_000, (round) => {
  filler.hashes.set(digest(round + 1, 1_000).hashes);
  index.add(filler, server(round % 100));
}, 1_000, 'block');
console.log(`  ${index.size.toLocaleString('en')} blocks, ${index.bytes.toLocaleString('en')} bytes; process ${rss()} MiB`);

const long = digest(7_000_001, 2_048);
time('add: 2,048 blocks to each of 100 servers', 100, (round) => index.add(long, server(round)), 2_048, 'block');
time('add: 2,048 blocks that the server has', 1_000, (round) => index.add(long, server(round % 100)), 2_048, 'block');
time('match: 2,048 blocks that all of 100 servers have', 2_000, () => index.match(long, hundred));
const halves = digest(7_000_002, 2_048);
for (const one of hundred) index.add({ ...halves, hashes: halves.hashes.subarray(0, 2 * 20 * (one.slot + 1)), blocks: 20 * (one.slot + 1) }, one);
time('match: 2,048 blocks, of which each of 100 servers has 20 more than the other', 2_000, () => index.match(halves, hundred));
const cold = [...Array(64).keys()].map((i) => digest(8_000_000 + i, 2_048));
cold.forEach((each, i) => index.add(each, server(i)));
time('match: 2,048 blocks that one has, not looked for lately', 64, (round) => index.match(cold[round] as PromptDigest, hundred));
const short = digest(9_000_001, 8, 4, 3);
index.add(short, server(9));
time('match: 8 blocks that one has', 2_000, () => { for (let i = 0; i < 100; i++) index.match(short, hundred); }, 100);
const unknown = digest(9_000_002, 2_048);
time('match: a prompt that nobody has', 2_000, () => { for (let i = 0; i < 100; i++) index.match(unknown, hundred); }, 100);
time('removeEndpoint: one that holds all it can', 20, (round) => index.removeEndpoint(round));
time('room for 256 slots instead of 128', 1, () => index.add(short, server(200)));

// How alike hashes of blocks are that differ in a number: of 2^n of them, pairs that share some 32 bits.
const words = new Int32Array(64);
const text = Buffer.from(words.buffer).fill('Summarize document number ');
const out = new Uint32Array(2);
const blocks = 10_000_000;
const hashes = new BigUint64Array(blocks);
for (let i = 0; i < blocks; i++) {
  text.write(String(i), 26);
  hashWords(words, 0, 64, 256, out, 0);
  hashes[i] = (BigInt(out[0] as number) << 32n) | BigInt(out[1] as number);
}
hashes.sort();
let equal = 0;
let equalHalves = 0;
for (let i = 1; i < blocks; i++) {
  const differ = (hashes[i] as bigint) ^ (hashes[i - 1] as bigint);
  if (differ === 0n) equal++;
  if (differ >> 32n === 0n) equalHalves++;
}
console.log(`${blocks.toLocaleString('en')} blocks that differ in a number: ${equal} equal hashes; ${equalHalves} equal upper halves, ${Math.round(blocks ** 2 / 2 ** 33)} expected of random ones`);
