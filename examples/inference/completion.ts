import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Sequence } from './engine.ts';

/** A request for text, as far as it matters here. */
export interface CompletionRequest {
  readonly isChat: boolean;
  readonly model: string;
  readonly prompt: string;
  readonly maxTokens: number;
  readonly stream: boolean;
  /** Whether a stream is to end with the numbers of tokens. */
  readonly wantsUsage: boolean;
}

const WORDS = 'All the world is a stage and all the men and women merely players they have their exits and their entrances'.split(' ');
/** Tokens of an answer when nothing is said. */
const DEFAULT_TOKENS = 32;
const MAX_TOKENS = 100_000;

/** Reads the body of a request for a chat or a text. Throws with a sentence that names the field. */
export function readCompletion(body: Readonly<Record<string, unknown>>, isChat: boolean): CompletionRequest {
  const { model, stream = false, max_tokens: old, max_completion_tokens: maxTokens = old ?? DEFAULT_TOKENS, stream_options: options } = body;
  if (typeof model !== 'string' || model === '') throw new Error('model: must be a name');
  if (typeof stream !== 'boolean') throw new Error('stream: must be true or false');
  if (typeof maxTokens !== 'number' || !Number.isInteger(maxTokens) || maxTokens < 1 || maxTokens > MAX_TOKENS) throw new Error(`max_tokens: must be an integer from 1 to ${MAX_TOKENS}`);
  const wantsUsage = (options as { readonly include_usage?: unknown } | null | undefined)?.include_usage === true;
  return { isChat, model, prompt: isChat ? chatPrompt(body['messages']) : textOf(body['prompt'], 'prompt'), maxTokens, stream, wantsUsage };
}

function chatPrompt(messages: unknown): string {
  if (!Array.isArray(messages) || messages.length === 0) throw new Error('messages: must be a list with a message');
  return messages.map((message, index) => {
    const { role, content } = (message ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof role !== 'string') throw new Error(`messages[${index}].role: must be a text`);
    return `<|${role}|>${textOf(content, `messages[${index}].content`)}`;
  }).join('\n');
}

/** The text of a prompt or an input: itself, or the parts of a list; numbers of tokens are as good as words. */
export function textOf(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) throw new Error(`${field}: must be a text or a list`);
  return value.map((part: unknown) => {
    if (typeof part === 'string') return part;
    if (typeof part === 'number') return String(part).padStart(4);
    if (Array.isArray(part)) return textOf(part, field);
    const { text } = (part ?? {}) as { readonly text?: unknown };
    return typeof text === 'string' ? text : '';
  }).join('');
}

/** Writes the tokens of one answer as they come: a stream of events, or one object at the end. */
export class CompletionWriter {
  readonly #request: CompletionRequest;
  readonly #response: ServerResponse;
  readonly #id: string;
  readonly #created = Math.floor(Date.now() / 1000);
  /** What events begin with, up to the word. */
  readonly #prefix: string;
  readonly #suffix: string;
  #written = 0;
  #text = '';

  constructor(request: CompletionRequest, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    const { isChat, model } = request;
    this.#id = `${isChat ? 'chatcmpl' : 'cmpl'}-${randomUUID()}`;
    const [before = '', after = ''] = JSON.stringify(this.#object('@', null)).split('"@"');
    this.#prefix = `data: ${before}"`;
    this.#suffix = `"${after}\n\n`;
    if (!request.stream) return;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    if (isChat) response.write(`data: ${JSON.stringify({ ...this.#head('chat.completion.chunk'), model, choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] })}\n\n`);
  }

  tokens(count: number): void {
    let text = '';
    for (let i = 0; i < count; i++) {
      const word = `${this.#written === 0 ? '' : ' '}${WORDS[this.#written % WORDS.length] ?? ''}`;
      text += this.#request.stream ? `${this.#prefix}${word}${this.#suffix}` : word;
      this.#written++;
    }
    if (this.#request.stream) this.#response.write(text);
    else this.#text += text;
  }

  end({ promptTokens, cachedTokens }: Pick<Sequence, 'promptTokens' | 'cachedTokens'>): void {
    const { stream, wantsUsage, isChat, model } = this.#request;
    const usage = {
      prompt_tokens: promptTokens,
      completion_tokens: this.#written,
      total_tokens: promptTokens + this.#written,
      prompt_tokens_details: { cached_tokens: cachedTokens },
    };
    const response = this.#response;
    if (stream) {
      const last = wantsUsage ? `data: ${JSON.stringify({ ...this.#head(isChat ? 'chat.completion.chunk' : 'text_completion'), model, choices: [], usage })}\n\n` : '';
      response.end(`data: ${JSON.stringify(this.#object('', 'length'))}\n\n${last}data: [DONE]\n\n`);
      return;
    }
    const choice = isChat ? { message: { role: 'assistant', content: this.#text } } : { text: this.#text };
    const answer = { ...this.#head(isChat ? 'chat.completion' : 'text_completion'), model, choices: [{ index: 0, ...choice, finish_reason: 'length' }], usage };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  #head(object: string): object {
    return { id: this.#id, object, created: this.#created };
  }

  /** One event of a stream. */
  #object(word: string, reason: string | null): object {
    const { isChat, model } = this.#request;
    const choice = isChat ? { delta: reason === null ? { content: word } : {} } : { text: word };
    return { ...this.#head(isChat ? 'chat.completion.chunk' : 'text_completion'), model, choices: [{ index: 0, ...choice, finish_reason: reason }] };
  }
}
