import { request } from 'node:http';

/** Answers larger than this are cut off with an error: the few gauges that are asked for have some KB for a hundred listeners. */
const maxAnswerBytes = 1024 * 1024;

/** Asks Envoy's admin interface on the loopback device. Returns the body; rejects unless the answer is a 200 within the time limit. */
export function askEnvoy(method: 'GET' | 'POST', path: string, { port, timeoutMs }: { readonly port: number; readonly timeoutMs: number }): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let body = '';
  // `agent: false`: nothing is kept open towards a process that is about to end.
  const outgoing = request({ host: '127.0.0.1', port, method, path, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (incoming) => {
    incoming.setEncoding('utf8');
    incoming.on('data', (chunk: string) => {
      body += chunk;
      if (body.length > maxAnswerBytes) incoming.destroy(new Error(`the answer has more than ${maxAnswerBytes} bytes`));
    });
    incoming.on('error', reject);
    incoming.on('end', () => {
      if (incoming.statusCode === 200) resolve(body);
      else reject(new Error(`Envoy's admin interface answers ${method} ${path} with ${incoming.statusCode}: ${body.trim().slice(0, 200)}`));
    });
  });
  outgoing.on('error', (cause: NodeJS.ErrnoException) => {
    reject(Object.assign(new Error(`Envoy's admin interface does not answer ${method} ${path}: ${cause.message}`, { cause }), { code: cause.code }));
  });
  outgoing.end();
  return promise;
}

/** The gauges that `openConnections` adds up, as a filter for Envoy's statistics. */
const connectionGauges = String.raw`^listener\..*\.downstream_cx_active$`;

/** How many connections clients have to Envoy. Those of the kubelet, of Prometheus and to the admin interface do not count. */
export async function openConnections(options: { readonly port: number; readonly timeoutMs: number; readonly ownPorts: readonly number[] }): Promise<number> {
  const text = await askEnvoy('GET', `/stats?usedonly&filter=${encodeURIComponent(connectionGauges)}`, options);
  let sum = 0;
  for (const line of text.split('\n')) {
    // "listener.0.0.0.0_10080.downstream_cx_active: 3", and once more for each thread: "listener.0.0.0.0_10080.worker_0.downstream…".
    const [, listener = '', value = '0'] = /^listener\.(.*)\.downstream_cx_active: (\d+)$/.exec(line) ?? [];
    if (/^admin(\.|$)|\.worker_\d+$/.test(listener) || options.ownPorts.some((own) => listener.endsWith(`_${own}`))) continue;
    sum += Number(value);
  }
  return sum;
}
