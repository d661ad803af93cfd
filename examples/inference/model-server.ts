/**
 * A simulated model server: OpenAI's API, vLLM's metrics, and the time that a real one takes. No model, no GPU, no dependencies.
 *
 *     node examples/inference/model-server.ts --port 8000 --model llama --adapters sql-lora,chat-lora --max-running 32
 *     curl localhost:8000/admin/config -d '{"slowdown": 5}'        slow down; {"failures": 0.5}: fail; {"hang": true}: hang
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { tokensOf } from './block-cache.ts';
import { CompletionWriter, readCompletion, textOf } from './completion.ts';
import { Engine } from './engine.ts';
import { metricsPage } from './metrics-page.ts';
import { changed, DEFAULTS, type Settings } from './settings.ts';

const MAX_BODY = 64 * 1024 * 1024;

export interface ModelServerOptions {
  /** 0 for any. */
  readonly port?: number;
  readonly host?: string;
  /** Names that answers carry as `x-inference-pod` and `x-inference-namespace`. */
  readonly pod?: string;
  readonly namespace?: string;
  readonly model?: string;
  /** Names of adapters, as good as the model's. */
  readonly adapters?: readonly string[];
  readonly settings?: Partial<Settings>;
  /** In [0, 1): which requests fail. */
  readonly random?: () => number;
}

/** An answer with a status that is no success. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Starts one and waits until it listens. Rejects when it cannot. */
export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const server = new ModelServer(options);
  await server.listen();
  return server;
}

export class ModelServer {
  readonly engine: Engine;
  readonly #options: Required<Omit<ModelServerOptions, 'settings'>>;
  readonly #server: Server;
  #timer: NodeJS.Timeout | undefined;
  #wakeAt = Infinity;

  constructor({ settings = {}, ...options }: ModelServerOptions) {
    this.#options = { port: 0, host: '127.0.0.1', pod: 'model-server', namespace: 'default', model: 'llama', adapters: [], random: Math.random, ...options };
    this.engine = new Engine(changed(DEFAULTS, settings, false));
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void this.#serve(request, response));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(): Promise<void> {
    this.#server.listen(this.#options.port, this.#options.host);
    await once(this.#server, 'listening');
  }

  /** Ends everything, answers that are on their way too. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /** Changes how it behaves from now on. Throws with a sentence that names the field. */
  configure(changes: unknown): void {
    this.engine.settings = changed(this.engine.settings, changes, true);
    this.#advance();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (this.engine.settings.hang && path !== '/admin/config') return;
    const { pod, namespace } = this.#options;
    response.setHeader('x-inference-pod', pod).setHeader('x-inference-namespace', namespace).setHeader('x-inference-port', String(this.port));
    try {
      await this.#answer(`${request.method} ${path}`, request, response);
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      const status = error instanceof Refusal ? error.status : 400;
      const message = error instanceof Error ? error.message : String(error);
      json(response, { error: { message, type: status < 500 ? 'BadRequestError' : 'InternalServerError', param: null, code: status } }, status);
    }
  }

  async #answer(what: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { model, adapters } = this.#options;
    switch (what) {
      case 'GET /health':
        return void response.end();
      case 'GET /metrics':
        return void response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(metricsPage(this.engine, model));
      case 'GET /v1/models':
        return json(response, { object: 'list', data: [model, ...adapters].map((id) => ({ id, object: 'model', created: 0, owned_by: 'moongate', root: model, parent: id === model ? null : model })) });
      case 'GET /admin/config':
        return json(response, this.engine.settings);
      case 'POST /admin/config':
        this.configure(await readJson(request));
        return json(response, this.engine.settings);
      case 'POST /v1/chat/completions':
        return this.#complete(await readJson(request), true, response);
      case 'POST /v1/completions':
        return this.#complete(await readJson(request), false, response);
      case 'POST /v1/embeddings':
        return this.#embed(await readJson(request), response);
      default:
        throw new Refusal(404, `there is nothing at ${what}`);
    }
  }

  #complete(body: Readonly<Record<string, unknown>>, isChat: boolean, response: ServerResponse): void {
    const wanted = readCompletion(body, isChat);
    const adapter = this.#adapterOf(wanted.model);
    this.#maybeFail();
    // The head of a stream goes out with its first token.
    let writer: CompletionWriter | undefined;
    const sequence = this.engine.submit({
      prompt: wanted.prompt,
      adapter,
      maxTokens: wanted.maxTokens,
      onTokens: (count) => (writer ??= new CompletionWriter(wanted, response)).tokens(count),
      onEnd: () => {
        if (typeof sequence !== 'string') writer?.end(sequence);
      },
    }, performance.now());
    if (sequence === 'full') throw new Refusal(503, 'too many requests wait already');
    if (sequence === 'too long') throw new Refusal(400, 'prompt and answer are longer than the KV cache');
    response.on('close', () => {
      this.engine.cancel(sequence, performance.now());
      this.#plan();
    });
    this.#plan();
  }

  #embed(body: Readonly<Record<string, unknown>>, response: ServerResponse): void {
    const { model, input } = body;
    if (typeof model !== 'string') throw new Refusal(400, 'model: must be a name');
    this.#adapterOf(model);
    this.#maybeFail();
    const inputs = Array.isArray(input) && typeof input[0] === 'string' ? input : [input];
    const texts = inputs.map((one) => textOf(one, 'input'));
    const tokens = texts.reduce((sum, text) => sum + tokensOf(text), 0);
    const { prefillOverheadMs, prefillMsPerToken, slowdown } = this.engine.settings;
    const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: Array.from({ length: 8 }, (_, n) => ((text.length * (n + 1)) % 97) / 97) }));
    const timer = setTimeout(() => json(response, { object: 'list', model, data, usage: { prompt_tokens: tokens, total_tokens: tokens } }), (prefillOverheadMs + tokens * prefillMsPerToken) * slowdown);
    response.on('close', () => clearTimeout(timer));
  }

  #adapterOf(model: string): string | undefined {
    if (model === this.#options.model) return undefined;
    if (this.#options.adapters.includes(model)) return model;
    throw new Refusal(404, `The model \`${model}\` does not exist.`);
  }

  #maybeFail(): void {
    if (this.#options.random() < this.engine.settings.failures) throw new Refusal(500, 'this one was to fail');
  }

  #advance(): void {
    this.engine.advance(performance.now());
    this.#plan();
  }

  /** Wakes up when the engine has something to do. */
  #plan(): void {
    const wakeAt = this.engine.next;
    if (wakeAt === this.#wakeAt && this.#timer !== undefined) return;
    clearTimeout(this.#timer);
    this.#wakeAt = wakeAt;
    this.#timer = wakeAt === Infinity ? undefined : setTimeout(() => {
      this.#timer = undefined;
      this.#advance();
    }, Math.max(0, wakeAt - performance.now()));
  }
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(value)}\n`);
}

/** The body of a request, an object. Rejects with a sentence. */
async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY) throw new Refusal(413, `a body has at most ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new Refusal(400, 'the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal(400, 'the body must be an object');
  return value as Readonly<Record<string, unknown>>;
}

/** `--max-running` for `maxRunning`. */
function flagOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

async function main(): Promise<void> {
  const names = Object.keys(DEFAULTS) as (keyof Settings)[];
  const { values } = parseArgs({
    options: {
      port: { type: 'string' }, host: { type: 'string' }, pod: { type: 'string' }, namespace: { type: 'string' }, model: { type: 'string' }, adapters: { type: 'string' },
      ...Object.fromEntries(names.map((name) => [flagOf(name), { type: typeof DEFAULTS[name] === 'boolean' ? ('boolean' as const) : ('string' as const) }])),
    },
  }) as { values: Readonly<Record<string, string | boolean | undefined>> };
  const settings = Object.fromEntries(names.flatMap((name) => {
    const value = values[flagOf(name)];
    return value === undefined ? [] : [[name, typeof value === 'string' ? Number(value) : value]];
  })) as Partial<Settings>;
  const text = (name: string): object => (typeof values[name] === 'string' ? { [name]: values[name] } : {});
  const server = await startModelServer({
    ...text('host'), ...text('pod'), ...text('namespace'), ...text('model'), settings,
    ...(typeof values['port'] === 'string' && { port: Number(values['port']) }),
    ...(typeof values['adapters'] === 'string' && { adapters: values['adapters'].split(',') }),
  });
  console.log(`a simulated model server listens on port ${server.port}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
}

if (import.meta.main) await main();
