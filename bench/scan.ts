/**
 * What reading a request body costs the endpoint picker, its prompt hashed and chained: `node bench/scan.ts`. Each body is read as one piece and in
 * pieces of 16 KiB; JSON.parse of the same bytes, which hashes nothing, stands beside it.
 */
import { cpus } from 'node:os';
import { promptDigest } from '../src/epp/prefix/prompt-digest.ts';
import type { BodyReader } from '../src/epp/request/parsed-body.ts';
import { RequestParsers } from '../src/epp/request/request-parsers.ts';

const parsers = new RequestParsers(['openai-parser', 'vllmhttp-parser']);
const words = 'The gateway asks the picker, per request, which of the model servers is to answer it, and why. ';

/** `bytes` of text in lines. */
function prose(bytes: number, line: number): string {
  return words.repeat(Math.ceil(bytes / words.length)).slice(0, bytes).replace(new RegExp(`(.{${line - 1}}).`, 'gs'), '$1\n');
}

function chat(content: unknown): string {
  return JSON.stringify({ model: 'meta-llama/Llama-3.1-8B-Instruct', messages: [{ role: 'user', content }], stream: true, max_tokens: 100 });
}

const size = 220 * 1024;
const bodies: readonly (readonly [string, string, string])[] = [
  ['200 bytes', '/v1/chat/completions', chat('Why is the sky blue?')],
  ['1 KB', '/v1/chat/completions', chat(prose(900, 80))],
  ['220 KB, one line', '/v1/chat/completions', chat(prose(size, size * 2))],
  ['220 KB, lines of 80', '/v1/chat/completions', chat(prose(size, 80))],
  ['220 KB, lines of 30', '/v1/chat/completions', chat(prose(size, 30))],
  ['220 KB, Chinese', '/v1/chat/completions', chat('推理网关把请求送到模型服务器。'.repeat(size / 45))],
  ['the same, as \\u…', '/v1/chat/completions', chat('推理网关把请求送到模型服务器。'.repeat(size / 45)).replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`)],
  ['220 KB, 1,000 messages', '/v1/chat/completions', JSON.stringify({ model: 'm', messages: [...Array(1_000).keys()].map((i) => ({ role: i % 2 ? 'user' : 'assistant', content: prose(185, 80) })) })],
  ['220 KB, token ids', '/inference/v1/generate', JSON.stringify({ token_ids: [...Array(37_000).keys()].map((i) => (i * 7_919) % 128_000) })],
  ['4 MB image', '/v1/chat/completions', chat([{ type: 'image_url', image_url: { url: `data:image/png;base64,${'iVBORw0KGgo'.repeat(380_000)}` } }])],
];

/** The least of many rounds, in µs: what others do on the machine is not of interest. */
function least(read: () => unknown): number {
  const until = performance.now() + 1_500;
  let best = Infinity;
  while (performance.now() < until) {
    const begin = performance.now();
    read();
    best = Math.min(best, performance.now() - begin);
  }
  return best * 1000;
}

function finish(reader: BodyReader): number {
  const body = reader.end();
  if (!('model' in body) || body.prompt === undefined) throw new Error(JSON.stringify(body).slice(0, 200));
  return promptDigest(body.prompt, body.model, body.cacheSalt).blocks;
}

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}; µs, least of many rounds`);
console.log(`${''.padEnd(24)}${['bytes', 'one piece', 'GB/s', '16 KiB pieces', 'JSON.parse'].map((head) => head.padStart(15)).join('')}`);
for (const [what, path, json] of bodies) {
  const bytes = Buffer.from(json);
  const parser = parsers.forPath(path);
  if (parser === undefined) throw new Error(path);
  const whole = least(() => {
    const reader = parser.begin();
    reader.push(bytes);
    return finish(reader);
  });
  const pieces = least(() => {
    const reader = parser.begin();
    for (let at = 0; at < bytes.length; at += 16_384) reader.push(bytes.subarray(at, at + 16_384));
    return finish(reader);
  });
  const parse = least(() => JSON.parse(bytes.toString()) as unknown);
  const row = [String(bytes.length), whole.toFixed(1), (bytes.length / whole / 1000).toFixed(2), pieces.toFixed(1), parse.toFixed(1)];
  console.log(`${what.padEnd(24)}${row.map((cell) => cell.padStart(15)).join('')}`);
}
