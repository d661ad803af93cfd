import { freePort } from '../propagation/ports.ts';
import { Program } from './program.ts';
import type { Programs } from './programs.ts';

/** Model servers of one pool: they share a port, so each has an address of its own. */
export interface Servers extends AsyncDisposable {
  readonly port: number;
  /** In the order of their numbers. */
  readonly members: readonly { readonly name: string; readonly ip: string }[];
  readonly processes: () => readonly Program[];
  /** They forget what they have cached, so that each contender begins alike. */
  readonly forget: () => Promise<void>;
  /** Makes one of them so many times as slow as the others. */
  readonly slowDown: (index: number, factor: number) => Promise<void>;
  readonly kill: (index: number) => Promise<void>;
  readonly revive: (index: number) => Promise<void>;
}

/** Adapters that simulated servers have. */
export const adapters = ['adapter-0', 'adapter-1', 'adapter-2', 'adapter-3', 'adapter-4', 'adapter-5'];
/** The model of all of them. */
export const model = 'm';

interface ServersOptions {
  readonly count: number;
  readonly programs: Programs;
  readonly directory: string;
}

function membersOf(count: number): { readonly name: string; readonly ip: string }[] {
  return Array.from({ length: count }, (_, i) => ({ name: `server-${i}`, ip: `127.0.0.${i + 2}` }));
}

/** Servers that answer at once, all in one process. */
export async function startFastServers({ count, programs, directory }: ServersOptions): Promise<Servers> {
  const port = await freePort('0.0.0.0');
  const members = membersOf(count);
  const program = new Program({ name: 'model-servers', command: programs.load, args: ['serve', ...members.map(({ ip }) => `${ip}:${port}`)], directory });
  const never = (): Promise<never> => Promise.reject(new Error('fast servers have no faults and no cache'));
  await Promise.all(members.map(({ ip }) => program.until('it answers', () => isHealthy(ip, port))));
  return {
    port, members, processes: () => [program], forget: () => Promise.resolve(), slowDown: never, kill: never, revive: never,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/** In the manner of an 8B model on one accelerator that is not the fastest, with a cache that holds some sixteen of the prompts. */
const latencies = { 'prefill-overhead': 20, 'prefill-time-per-token': 0.2, 'inter-token-latency': 10 } as const;
const simulation = {
  'latency-calculator': 'per-token', 'time-factor-under-load': '1.5', 'max-num-seqs': '8', 'max-waiting-queue-length': '1000', 'max-model-len': '16384',
  'max-request-body-size-mb': '16', 'kv-cache-size': '2048', 'block-size': '16', 'zmq-endpoint': '', 'max-loras': '2', 'seed': '1',
} as const;

/** Servers in the time of real ones, with queues, caches and adapters; a process each. */
export async function startSimulatedServers({ count, programs, directory }: ServersOptions): Promise<Servers> {
  const port = await freePort('0.0.0.0');
  const members = membersOf(count);
  const args = [
    '--model', model, '--port', String(port), '--force-dummy-tokenizer', '--enable-kvcache', '--enable-sleep-mode',
    ...Object.entries(simulation).map(([name, value]) => `--${name}=${value}`),
    ...Object.entries(latencies).map(([name, ms]) => `--${name}=${ms}ms`),
    '--lora-modules', ...adapters.map((name) => JSON.stringify({ name, path: `/${name}` })),
  ];
  const start = async ({ name, ip }: { name: string; ip: string }): Promise<Program> => {
    const env = { LISTEN: `${ip}:${port}`, POD_NAME: name, POD_IP: ip, VLLM_SERVER_DEV_MODE: '1', GOMAXPROCS: '1' };
    const program = new Program({ name, command: programs.modelServer, args, env, directory });
    await program.until('it answers', () => isHealthy(ip, port));
    return program;
  };
  await using stack = new AsyncDisposableStack();
  const processes: Program[] = [];
  for (const member of members) processes.push(stack.use(await start(member)));
  const post = async (index: number, path: string, body?: object): Promise<void> => {
    const response = await fetch(`http://${members[index]?.ip}:${port}${path}`, { method: 'POST', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`server-${index}: ${path}: ${response.status} ${await response.text()}`);
  };
  const all = stack.move();
  return {
    port, members, processes: () => processes,
    async forget() {
      await Promise.all(members.map(async (_, index) => {
        await post(index, '/sleep');
        await post(index, '/wake_up');
      }));
    },
    slowDown: (index, factor) => post(index, '/admin/config', Object.fromEntries(Object.entries(latencies).map(([name, ms]) => [name, `${ms * factor}ms`]))),
    kill: async (index) => processes[index]?.kill(),
    async revive(index) {
      const member = members[index];
      if (member !== undefined && processes[index]?.running === false) processes[index] = all.use(await start(member));
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function isHealthy(ip: string, port: number): Promise<boolean> {
  const response = await fetch(`http://${ip}:${port}/health`, { signal: AbortSignal.timeout(1_000) });
  await response.arrayBuffer();
  return response.ok;
}
