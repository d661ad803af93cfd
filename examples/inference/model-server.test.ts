import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { startModelServer, type ModelServer, type ModelServerOptions } from './model-server.ts';

const fast = { prefillOverheadMs: 1, prefillMsPerToken: 0.01, interTokenMs: 1 };

async function start(context: TestContext, options: ModelServerOptions = {}): Promise<{ readonly server: ModelServer; readonly url: string }> {
  const server = await startModelServer({ pod: 'pod-1', adapters: ['sql-lora'], ...options, settings: { ...fast, ...options.settings } });
  context.after(() => server.close());
  return { server, url: `http://127.0.0.1:${server.port}` };
}

function post(url: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(url, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), ...(signal && { signal }) });
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const chat = { model: 'llama', messages: [{ role: 'user', content: 'Tell me about the world, please, and all that is in it.' }], max_tokens: 5 };

describe('a simulated model server', () => {
  test('answers a chat, and says who it is', async (context) => {
    const { server, url } = await start(context);
    const response = await post(`${url}/v1/chat/completions`, chat);
    const { choices, usage, model } = (await response.json()) as { choices: { message: { content: string }; finish_reason: string }[]; usage: object; model: string };
    assert.deepEqual(choices.map(({ message, finish_reason: reason }) => [message.content, reason]), [['All the world is a', 'length']]);
    assert.deepEqual([model, usage], ['llama', { prompt_tokens: 16, completion_tokens: 5, total_tokens: 21, prompt_tokens_details: { cached_tokens: 0 } }]);
    assert.deepEqual(['pod', 'namespace', 'port'].map((name) => response.headers.get(`x-inference-${name}`)), ['pod-1', 'default', String(server.port)]);
  });

  test('answers a prompt: a text, several, or numbers of tokens', async (context) => {
    const { url } = await start(context);
    for (const prompt of ['one two three fo', ['one two ', 'three fo'], [1, 2, 3, 4], [[1, 2, 3, 4]]]) {
      const { choices, usage } = (await (await post(`${url}/v1/completions`, { model: 'sql-lora', prompt, max_tokens: 2 })).json()) as { choices: { text: string }[]; usage: { prompt_tokens: number } };
      assert.deepEqual([choices[0]?.text, usage.prompt_tokens], ['All the', 4]);
    }
  });

  test('streams events, with usage when it is asked for', async (context) => {
    const { url } = await start(context);
    const response = await post(`${url}/v1/chat/completions`, { ...chat, stream: true, stream_options: { include_usage: true } });
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    const events = (await response.text()).split('\n\n').filter((event) => event !== '').map((event) => event.replace(/^data: /, ''));
    assert.equal(events.pop(), '[DONE]');
    const chunks = events.map((event) => JSON.parse(event) as { object: string; choices: { delta: { content?: string }; finish_reason: string | null }[]; usage?: { completion_tokens: number } });
    assert.ok(chunks.every(({ object }) => object === 'chat.completion.chunk'));
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), 'All the world is a');
    assert.deepEqual([chunks.at(-2)?.choices[0]?.finish_reason, chunks.at(-1)?.choices, chunks.at(-1)?.usage?.completion_tokens], ['length', [], 5]);
    const plain = await (await post(`${url}/v1/completions`, { model: 'llama', prompt: 'x', max_tokens: 2, stream: true })).text();
    assert.deepEqual([plain.match(/"text":"All"/g)?.length, plain.includes('usage')], [1, false]);
  });

  test('says what is in its cache', async (context) => {
    const { url } = await start(context);
    const body = { model: 'llama', prompt: 'x'.repeat(64 * 10), max_tokens: 1 };
    await (await post(`${url}/v1/completions`, body)).text();
    const { usage } = (await (await post(`${url}/v1/completions`, body)).json()) as { usage: { prompt_tokens_details: object } };
    assert.deepEqual(usage.prompt_tokens_details, { cached_tokens: 159 });
  });

  test('makes embeddings', async (context) => {
    const { url } = await start(context);
    const { data, usage } = (await (await post(`${url}/v1/embeddings`, { model: 'llama', input: ['abcd', 'efgh'] })).json()) as { data: { embedding: number[] }[]; usage: object };
    assert.deepEqual([data.length, data[0]?.embedding.length, usage], [2, 8, { prompt_tokens: 2, total_tokens: 2 }]);
  });

  test('lists its models, and is healthy', async (context) => {
    const { url } = await start(context);
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string; parent: string | null }[] };
    assert.deepEqual(data.map(({ id, parent }) => [id, parent]), [['llama', null], ['sql-lora', 'llama']]);
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });

  test('tells of its load while there is any', async (context) => {
    const { server, url } = await start(context, { settings: { maxRunning: 1, interTokenMs: 1000, cacheBlocks: 100 } });
    const stop = new AbortController();
    const requests = ['llama', 'sql-lora'].map((model) => post(`${url}/v1/completions`, { model, prompt: 'abcd', max_tokens: 15 }, stop.signal).catch(() => {}));
    await until(() => server.engine.running === 1 && server.engine.waiting === 1, 'two requests');
    const page = await (await fetch(`${url}/metrics`)).text();
    for (const line of [/^vllm:num_requests_running\{.*\} 1$/m, /^vllm:num_requests_waiting\{.*\} 1$/m, /^vllm:kv_cache_usage_perc\{.*\} 0.01$/m, /max_lora="2"/, /^vllm:cache_config_info\{block_size="16",.*num_gpu_blocks="100"\} 1$/m]) assert.match(page, line);
    stop.abort();
    await Promise.all(requests);
    await until(() => server.engine.running === 0 && server.engine.waiting === 0, 'nobody, since the clients have left');
  });

  const wrong: readonly (readonly [string, unknown, number, RegExp])[] = [
    ['completions', 'no JSON', 400, /the body is not JSON/],
    ['completions', [], 400, /the body must be an object/],
    ['completions', { prompt: 'x' }, 400, /model: must be a name/],
    ['completions', { model: 'gpt', prompt: 'x' }, 404, /The model `gpt` does not exist/],
    ['completions', { model: 'llama' }, 400, /prompt: must be a text or a list/],
    ['completions', { model: 'llama', prompt: 'x', max_tokens: 0 }, 400, /max_tokens: must be an integer from 1/],
    ['completions', { model: 'llama', prompt: 'x'.repeat(2_000_000) }, 400, /longer than the KV cache/],
    ['chat/completions', { model: 'llama', messages: [] }, 400, /messages: must be a list with a message/],
    ['chat/completions', { model: 'llama', messages: [{ content: 'x' }] }, 400, /messages\[0\].role: must be a text/],
    ['embeddings', { model: 'llama' }, 400, /input: must be a text or a list/],
    ['nothing', {}, 404, /there is nothing at POST \/v1\/nothing/],
  ];
  for (const [path, body, status, message] of wrong) {
    test(`refuses ${path} ${JSON.stringify(body).slice(0, 40)}`, async (context) => {
      const { url } = await start(context);
      const response = await post(`${url}/v1/${path}`, body);
      assert.equal(response.status, status);
      assert.match(await response.text(), message);
    });
  }

  test('can be made to fail, slow down and hang while it runs', async (context) => {
    const { server, url } = await start(context, { random: () => 0.4 });
    const configure = async (body: object): Promise<number> => (await post(`${url}/admin/config`, body)).status;
    assert.equal(await configure({ failures: 0.5 }), 200);
    assert.equal((await post(`${url}/v1/chat/completions`, chat)).status, 500);
    assert.equal(await configure({ failures: 0.3, slowdown: 20 }), 200);
    const begin = performance.now();
    assert.equal((await post(`${url}/v1/chat/completions`, chat)).status, 200);
    assert.ok(performance.now() - begin >= 95);
    assert.equal(await configure({ hang: true }), 200);
    await assert.rejects(fetch(`${url}/metrics`, { signal: AbortSignal.timeout(100) }));
    assert.equal(await configure({ hang: false }), 200);
    assert.equal((await fetch(`${url}/metrics`)).status, 200);
    assert.equal(server.engine.settings.slowdown, 20);
  });

  test('refuses settings that make no sense', async (context) => {
    const { url } = await start(context);
    for (const [body, message] of [[{ slow: 1 }, /slow: unknown setting; known are /], [{ hang: 'yes' }, /hang: must be a boolean/], [{ failures: 2 }, /failures: must be from 0 to 1/], [{ maxRunning: 0 }, /maxRunning: must be from 1/], [{ cacheBlocks: 1 }, /cacheBlocks: cannot be changed while the server runs/]] as const) {
      const response = await post(`${url}/admin/config`, body);
      assert.equal(response.status, 400);
      assert.match(await response.text(), message);
    }
  });

  test('is full at some point', async (context) => {
    const { server, url } = await start(context, { settings: { maxRunning: 1, maxWaiting: 0, interTokenMs: 1000 } });
    const stop = new AbortController();
    const first = post(`${url}/v1/completions`, { model: 'llama', prompt: 'x', max_tokens: 100 }, stop.signal).catch(() => {});
    await until(() => server.engine.running === 1, 'the first request');
    assert.equal((await post(`${url}/v1/completions`, { model: 'llama', prompt: 'x' })).status, 503);
    stop.abort();
    await first;
  });
});
