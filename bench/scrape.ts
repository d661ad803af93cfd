/**
 * What asking model servers for their metrics costs the endpoint picker: `node bench/scrape.ts [--pods N] [--interval MS] [--seconds S]`.
 * The servers are a process of their own, and answer with some 60 KiB, as vLLM does.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { decodeExtraction } from '../src/epp/scrape/extraction.ts';
import { MetricsReader } from '../src/epp/scrape/metrics-reader.ts';
import { decodeMetricsSource } from '../src/epp/scrape/metrics-source.ts';
import { Scraper } from '../src/epp/scrape/scraper.ts';
import { PoolEndpoints } from '../src/epp/endpoints/pool-endpoints.ts';
import { silentLog } from '../src/util/log.ts';

const { values: args } = parseArgs({
  options: { 'pods': { type: 'string', default: '100' }, 'interval': { type: 'string', default: '50' }, 'seconds': { type: 'string', default: '10' }, 'serve': { type: 'boolean' } },
});

/** An answer of the size and shape of vLLM's: 30 histograms, some 700 lines. */
function exposition(running: number): Buffer {
  const model = 'model_name="meta-llama/Llama-3.1-8B-Instruct"';
  const lines: string[] = [];
  const family = (name: string, type: string, series: readonly string[]): number => lines.push(`# HELP ${name} What ${name} means, in a sentence.`, `# TYPE ${name} ${type}`, ...series);
  family('python_gc_objects_collected_total', 'counter', [0, 1, 2].map((n) => `python_gc_objects_collected_total{generation="${n}"} ${n * 1000}.0`));
  family('vllm:num_requests_running', 'gauge', [`vllm:num_requests_running{engine="0",${model}} ${running}.0`]);
  family('vllm:num_requests_waiting', 'gauge', [`vllm:num_requests_waiting{engine="0",${model}} 0.0`]);
  family('vllm:kv_cache_usage_perc', 'gauge', [`vllm:kv_cache_usage_perc{engine="0",${model}} 0.25`]);
  for (let i = 0; i < 30; i++) {
    const name = `vllm:request_phase_${i}_seconds`;
    family(name, 'histogram', [...Array.from({ length: 20 }, (_, n) => `${name}_bucket{engine="0",le="${n * 0.25}",${model}} ${n * 37}.0`), `${name}_count{engine="0",${model}} 740.0`]);
  }
  family('vllm:cache_config_info', 'gauge', ['vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="0",num_gpu_blocks="27313"} 1.0']);
  family('vllm:lora_requests_info', 'gauge', Array.from({ length: 8 }, (_, n) => `vllm:lora_requests_info{max_lora="4",running_lora_adapters="sql-${n}",waiting_lora_adapters=""} ${1.764e9 + n}`));
  return Buffer.from(`${lines.join('\n')}\n`);
}

async function serve(): Promise<void> {
  const [busy, idle] = [exposition(12), exposition(0)];
  const server = createServer(({ url }, response) => {
    const body = url === '/idle' ? idle : busy;
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length }).end(body);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  process.send?.((server.address() as AddressInfo).port);
  process.on('disconnect', () => process.exit());
}

function scanning(): void {
  const reader = decodeExtraction(undefined).readerFor({});
  if (!(reader instanceof MetricsReader)) throw new Error(reader);
  const body = exposition(12);
  const microseconds = (text: Buffer, rounds: number): string => {
    for (let i = 0; i < rounds / 2; i++) reader.read(text, i);
    const begin = process.cpuUsage();
    for (let i = 0; i < rounds; i++) reader.read(text, i);
    const { user, system } = process.cpuUsage(begin);
    return ((user + system) / rounds).toFixed(1);
  };
  console.log(`scanning ${(body.length / 1024).toFixed(0)} KiB: ${microseconds(body, 4000)} µs`);
  const adapters = Array.from({ length: 20_000 }, (_, n) => `vllm:lora_requests_info{max_lora="4",running_lora_adapters="adapter-number-${n}",waiting_lora_adapters="adapter-number-${n + 1}"} ${1.764e9 + n}\n`).join('');
  console.log(`scanning ${(adapters.length / 1024).toFixed(0)} KiB, all of them sets of adapters: ${microseconds(Buffer.from(adapters), 40)} µs`);
}

/** Scrapes for a while, and prints what it took. */
async function scraping(port: number, path: string, pods: number): Promise<void> {
  const endpoints = new PoolEndpoints();
  const ages: number[] = [];
  const last = new Map<string, number>();
  const scraper = new Scraper({
    log: silentLog,
    intervalMs: Number(args.interval),
    onScraped: ({ name, metrics }) => {
      ages.push(metrics.at - (last.get(name) ?? metrics.at));
      last.set(name, metrics.at);
    },
  });
  endpoints.apply(Array.from({ length: pods }, (_, n) => ({ name: `pod-${n}-rank-0`, pod: `pod-${n}`, ip: `127.0.1.${n % 250}`, port, labels: {} })));
  scraper.follow(endpoints, decodeMetricsSource({ path }), decodeExtraction(undefined));
  const wait = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  await wait(5);
  ages.length = 0;
  const [polls, begin, cpu] = [scraper.counts.polls, performance.now(), process.cpuUsage()];
  await wait(Number(args.seconds));
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - begin) / 1000;
  const count = scraper.counts.polls - polls;
  ages.sort((a, b) => a - b);
  const age = (share: number): string => (ages[Math.floor((ages.length - 1) * share)] ?? NaN).toFixed(0);
  console.log(
    `${pods} servers, ${path.slice(1).padEnd(7)}: ${(count / seconds).toFixed(0)} scrapes/s, ${((user + system) / count).toFixed(0)} µs each, ` +
      `${((user + system) / 10_000 / seconds).toFixed(1)} % of a core; metrics of one server every ${age(0.5)} ms, p99 ${age(0.99)}; ${scraper.counts.pollErrors} errors`,
  );
  scraper.stop();
}

if (args.serve === true) await serve();
else {
  console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`);
  scanning();
  const child = fork(import.meta.filename, ['--serve'], { execArgv: [] });
  const [port] = (await once(child, 'message')) as [number];
  for (const [path, pods] of [['/metrics', 10], ['/metrics', Number(args.pods)], ['/idle', Number(args.pods)]] as const) await scraping(port, path, pods);
  child.disconnect();
}
