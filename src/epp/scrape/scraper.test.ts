import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { metricsLateness, noMetrics, type Endpoint } from '../endpoints/endpoint.ts';
import { PoolEndpoints } from '../endpoints/pool-endpoints.ts';
import { decodeExtraction } from './extraction.ts';
import { decodeMetricsSource } from './metrics-source.ts';
import { Scraper, type ScraperOptions } from './scraper.ts';
import { keptLog, serve, serveRaw, until } from './testing.ts';

const vllm = readFileSync(join(import.meta.dirname, 'testdata/vllm.prom'));

const good: RequestListener = (_request, response) => void response.end(vllm);

interface Scene {
  readonly scraper: Scraper;
  readonly endpoints: PoolEndpoints;
  readonly endpoint: Endpoint;
  readonly lines: string[];
}

/** A scraper that asks one endpoint, fast. */
function scrape(context: Pick<TestContext, 'after'>, port: number, options: Partial<ScraperOptions> & { readonly source?: object; readonly labels?: Readonly<Record<string, string>> } = {}): Scene {
  const { source, labels = {}, ...rest } = options;
  const { log, lines } = keptLog();
  const scraper = new Scraper({ log, intervalMs: 5, idleIntervalMs: 20, ...rest });
  context.after(() => scraper.stop());
  const endpoints = new PoolEndpoints();
  endpoints.apply([{ name: 'ns/a-rank-0', pod: 'ns/a', ip: '127.0.0.1', port, labels }]);
  scraper.follow(endpoints, decodeMetricsSource(source), decodeExtraction(undefined));
  const [endpoint] = endpoints.all;
  assert.ok(endpoint !== undefined);
  return { scraper, endpoints, endpoint, lines };
}

describe('a server that answers', () => {
  test('is known by what it says, and asked again over the same connection', async (context) => {
    const seen: IncomingMessage[] = [];
    const port = await serve(context, (request, response) => {
      seen.push(request);
      response.end(vllm);
    });
    const { endpoint, scraper, lines } = scrape(context, port);
    await until(() => seen.length > 5, 'several questions');
    assert.equal(endpoint.metrics.running, 12);
    assert.deepEqual([seen[0]?.method, seen[0]?.url, seen[0]?.headers['accept-encoding']], ['GET', '/metrics', 'identity']);
    assert.equal(new Set(seen.map(({ socket }) => socket)).size, 1);
    assert.deepEqual([scraper.counts.pollErrors, scraper.counts.extractErrors, lines], [0, 0, []]);
  });

  test('in pieces, without a length', async (context) => {
    const port = await serve(context, (_request, response) => {
      for (let at = 0; at < vllm.length; at += 100) response.write(vllm.subarray(at, at + 100));
      response.end();
    });
    const { endpoint } = scrape(context, port);
    await until(() => endpoint.metrics.running === 12, 'metrics');
    assert.deepEqual([...endpoint.metrics.loras.running], ['sql-lora', 'chat-lora']);
  });

  test('is asked at the port and path of the source', async (context) => {
    let url: string | undefined;
    const port = await serve(context, (request, response) => {
      url = request.url;
      response.end(vllm);
    });
    const { endpoint } = scrape(context, 1, { source: { port, path: '/stats?x=1' } });
    await until(() => endpoint.metrics !== noMetrics, 'metrics');
    assert.equal(url, '/stats?x=1');
  });

  test('slowly has one question at a time, and metrics that become late', async (context) => {
    let open = 0;
    let most = 0;
    let answered = 0;
    const port = await serve(context, (_request, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        answered++;
        response.end(vllm);
      }, 60);
    });
    const { endpoint } = scrape(context, port);
    await until(() => answered > 0 && open === 1 && metricsLateness(endpoint, performance.now()) > 20, 'late metrics');
    await until(() => answered > 2, 'three answers');
    assert.equal(most, 1);
  });

  test('keeps the smaller number of requests of before and after, lest one be overlooked', async (context) => {
    const held: (() => void)[] = [];
    const port = await serve(context, (_request, response) => void held.push(() => response.end(vllm)));
    const { endpoint } = scrape(context, port);
    /** Answers the question that is open. */
    const answer = async (): Promise<void> => {
      await until(() => held.length === 1, 'a question');
      const { metrics } = endpoint;
      held.pop()?.();
      await until(() => endpoint.metrics !== metrics, 'the answer');
    };
    for (const [whenAsked, whenAnswered, expected] of [[3, 5, 3], [5, 2, 2]] as const) {
      endpoint.inFlight = whenAsked;
      await answer();
      await until(() => held.length === 1, 'a question');
      endpoint.inFlight = whenAnswered;
      await answer();
      assert.equal(endpoint.inFlightAtScrape, expected);
    }
  });
});

describe('a server that does not answer well', () => {
  const tooLong = /its answer is larger than 100000 bytes/;
  const ill: readonly (readonly [string, RequestListener, RegExp])[] = [
    ['hangs', () => {}, /there is no whole answer within 150 ms/],
    ['drips', (_request, response) => void setInterval(() => response.write('vllm:num_requests_running 1\n'), 10).unref(), /there is no whole answer within 150 ms/],
    ['answers garbage', (_request, response) => void response.end(Buffer.alloc(50_000, 0x7b)), /its answer has none of vllm:num_requests_waiting, vllm:num_requests_running/],
    ['answers a page', (_request, response) => void response.setHeader('content-type', 'text/html').end('<html>vllm</html>'), /its answer has none of/],
    ['answers nothing', (_request, response) => void response.end(), /its answer has none of/],
    ['says no', (_request, response) => void response.writeHead(404).end(vllm), /it answers 404/],
    ['sends elsewhere', (_request, response) => void response.writeHead(302, { location: '/other' }).end(vllm), /it answers 302/],
    ['compresses', (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(vllm), /it answers with content-encoding gzip, which was not asked for/],
    ['announces 5 GB', (_request, response) => void response.writeHead(200, { 'content-length': 5e9 }).write(vllm), tooLong],
    ['cuts connections', (request) => void request.socket.destroy(), /other side closed|ECONNRESET|socket/],
    ['resets connections', (request) => void request.socket.resetAndDestroy(), /ECONNRESET|other side closed/],
    ['cuts answers', (request, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('vllm:num_requests_running 1\n');
      setTimeout(() => request.socket.destroy(), 5);
    }, /other side closed|terminated|mismatch/],
  ];
  for (const [name, listener, problem] of ill) {
    test(`and ${name} is told once, and once more when it is well again`, async (context) => {
      let isIll = true;
      let asked = 0;
      const port = await serve(context, (request, response) => {
        asked++;
        (isIll ? listener : good)(request, response);
      });
      const { endpoint, scraper, lines } = scrape(context, port, { timeoutMs: 150, maxBytes: 100_000 });
      await until(() => scraper.counts.pollErrors + scraper.counts.extractErrors >= 4, 'four failures');
      assert.equal(endpoint.metrics, noMetrics);
      assert.ok(metricsLateness(endpoint, performance.now()) > 0);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', /^warn metrics of ns\/a-rank-0 cannot be read: /);
      assert.match(lines[0] ?? '', problem);
      isIll = false;
      await until(() => endpoint.metrics.running === 12, 'metrics');
      assert.deepEqual(lines.slice(1), ['info metrics of ns/a-rank-0 can be read again']);
      assert.ok(asked >= 5);
    });
  }

  test('and writes without an end is cut off, before its answer fills the memory', async (context) => {
    let written = 0;
    let closed = 0;
    const chunk = Buffer.alloc(64 * 1024, '# garbage\n');
    const port = await serve(context, (_request, response) => {
      response.on('close', () => closed++);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on('drain', more);
      more();
    });
    const { lines } = scrape(context, port, { maxBytes: 1_000_000 });
    await until(() => closed >= 2 && lines.length > 0, 'two connections that were closed');
    assert.match(lines[0] ?? '', /its answer is larger than 1000000 bytes/);
    // What the kernel's buffers hold comes on top.
    assert.ok(written / closed < 50_000_000, `${written / closed} bytes an answer`);
  });

  test('and speaks another protocol is told', async (context) => {
    const port = await serveRaw(context, (socket) => socket.write('SSH-2.0-OpenSSH\r\n'));
    const { lines } = scrape(context, port);
    await until(() => lines.length > 0, 'the line');
    assert.match(lines[0] ?? '', /cannot be read: .*(Parse|HTTP)/i);
  });

  test('and sends endless headers is cut off', async (context) => {
    const port = await serveRaw(context, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write(`x: ${'y'.repeat(8000)}\r\n`), 1);
      socket.on('close', () => clearInterval(timer));
    });
    const { lines } = scrape(context, port);
    await until(() => lines.length > 0, 'the line');
    assert.match(lines[0] ?? '', /header/i);
  });

  test('and is not there is told, and asked seldom', async (context) => {
    const { scraper, lines } = scrape(context, 1);
    await until(() => scraper.counts.pollErrors >= 6, 'failures');
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /ECONNREFUSED/);
  });

  test('and is of no engine that we know is not asked', async (context) => {
    let asked = 0;
    const port = await serve(context, (request, response) => {
      asked++;
      good(request, response);
    });
    const { endpoints, endpoint, scraper, lines } = scrape(context, port, { labels: { 'llm-d.ai/engine-type': 'foo' } });
    await until(() => scraper.counts.extractErrors >= 3, 'failures');
    assert.match(lines.join(), /its label llm-d.ai\/engine-type says "foo"/);
    assert.equal(asked, 0);
    endpoints.apply([{ name: endpoint.name, pod: endpoint.pod, ip: endpoint.ip, port, labels: {} }]);
    await until(() => endpoint.metrics.running === 12, 'metrics, as soon as its label is gone');
  });

  test('costs the others nothing', async (context) => {
    const port = await serve(context, good);
    const { scraper } = scrape(context, await serve(context, () => {}), { timeoutMs: 10_000 });
    const others = new PoolEndpoints();
    others.apply([{ name: 'ns/b-rank-0', pod: 'ns/b', ip: '127.0.0.1', port, labels: {} }]);
    scraper.follow(others, decodeMetricsSource(undefined), decodeExtraction(undefined));
    const before = scraper.counts.polls;
    await until(() => scraper.counts.polls > before + 10, 'questions to the other one');
    assert.equal(others.all[0]?.metrics.running, 12);
  });
});

describe('how often', () => {
  test('an idle server is asked less often, until it gets a request', async (context) => {
    let asked = 0;
    const port = await serve(context, (_request, response) => {
      asked++;
      response.end('vllm:num_requests_running 0\nvllm:num_requests_waiting 0\n');
    });
    const { endpoint } = scrape(context, port, { intervalMs: 5, idleIntervalMs: 60_000 });
    await until(() => endpoint.metricsDue - performance.now() > 500, 'long intervals');
    assert.equal(metricsLateness(endpoint, performance.now()), 0);
    const before = asked;
    endpoint.inFlight = 1;
    await until(() => asked > before + 3, 'short intervals');
  });

  test('many servers are asked is bounded', async (context) => {
    const port = await serve(context, good);
    const { scraper, endpoints } = scrape(context, port, { intervalMs: 5, maxPerSecond: 200 });
    endpoints.apply(Array.from({ length: 100 }, (_, n) => ({ name: `ns/p${n}-rank-0`, pod: `ns/p${n}`, ip: `127.0.${Math.floor(n / 200)}.${n + 1}`, port, labels: {} })));
    assert.equal(scraper.size, 100);
    const begin = performance.now();
    await until(() => scraper.counts.polls > 150, 'questions');
    const perSecond = (scraper.counts.polls / (performance.now() - begin)) * 1000;
    assert.ok(perSecond < 500, `${perSecond} a second`);
  });
});

describe('an end', () => {
  test('of an endpoint ends its questions, and what comes back is nobody\'s', async (context) => {
    let answer = (): void => {};
    const port = await serve(context, (_request, response) => (answer = () => void response.end(vllm)));
    const asked = answer;
    const { scraper, endpoints, endpoint } = scrape(context, port);
    await until(() => answer !== asked, 'the question');
    endpoints.apply([]);
    assert.equal(scraper.size, 0);
    answer();
    const next = new PoolEndpoints();
    next.apply([{ name: 'ns/b-rank-0', pod: 'ns/b', ip: '127.0.0.1', port: await serve(context, good), labels: {} }]);
    const stop = scraper.follow(next, decodeMetricsSource(undefined), decodeExtraction(undefined));
    await until(() => next.all[0]?.metrics.running === 12, 'metrics of another one');
    assert.equal(endpoint.metrics, noMetrics);
    stop();
    assert.equal(scraper.size, 0);
  });

  test('of the scraper ends all', async (context) => {
    const port = await serve(context, good);
    const { scraper, endpoints } = scrape(context, port);
    scraper.stop();
    endpoints.apply([{ name: 'ns/b-rank-0', pod: 'ns/b', ip: '127.0.0.1', port, labels: {} }]);
    assert.equal(scraper.size, 0);
  });
});
