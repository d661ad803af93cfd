import { request } from 'node:http';

/** What became of one request. */
export interface Answered {
  readonly conversation: string;
  readonly status: number;
  /** Name of the model server. */
  readonly pod: string;
  /** Milliseconds to the first token. */
  readonly firstToken: number;
}

/** Asks for a completion, streamed, in a conversation: turns before this one come again with it, as clients do. */
export function ask(port: number, { conversation, turn, system }: { readonly conversation: string; readonly turn: number; readonly system: string }): Promise<Answered> {
  const earlier = Array.from({ length: turn }, (_, i) => [
    { role: 'user', content: `${conversation} asks question ${i}: ${'what about this? '.repeat(20)}` },
    { role: 'assistant', content: `Answer ${i} to ${conversation}: ${'it depends. '.repeat(20)}` },
  ]).flat();
  const messages = [{ role: 'system', content: system }, ...earlier, { role: 'user', content: `${conversation} asks question ${turn}` }];
  const body = JSON.stringify({ model: 'llama', stream: true, max_tokens: 20, messages });
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const asked = request({ port, path: '/v1/chat/completions', method: 'POST', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (response) => {
      let firstToken: number | undefined;
      response.on('data', () => (firstToken ??= performance.now() - begin));
      response.on('error', reject);
      response.on('end', () => resolve({ conversation, status: response.statusCode ?? 0, pod: String(response.headers['x-inference-pod'] ?? '-'), firstToken: firstToken ?? performance.now() - begin }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Rows of who served each conversation, and how long its first tokens took: the first turn has to read the prompt, the others find it in the cache. */
export function summary(answers: readonly Answered[]): string {
  const byConversation = Map.groupBy(answers, ({ conversation }) => conversation);
  const rows = [...byConversation].map(([conversation, turns]) => {
    const pods = [...Map.groupBy(turns, ({ pod }) => pod)].map(([pod, of]) => `${pod} ×${of.length}`).join(', ');
    const [first, ...others] = turns.map(({ firstToken }) => firstToken);
    const later = others.length === 0 ? 0 : others.reduce((sum, ms) => sum + ms, 0) / others.length;
    return `  ${conversation.padEnd(10)} ${pods.padEnd(24)} first token after ${Math.round(first ?? 0)} ms, then ${Math.round(later)} ms`;
  });
  return rows.join('\n');
}
