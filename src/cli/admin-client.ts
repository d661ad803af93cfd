import { request } from 'node:http';
import { CliError, messageOf } from './errors.ts';
import { adminOption } from './host-port.ts';

/** Where an instance is asked. */
export interface AdminTarget {
  /** `--admin`. */
  readonly admin?: string;
  /** `--state-dir` and `--name`: the instance there has noted its address. */
  readonly stateDir?: string;
  readonly name?: string;
}

const defaultAddress = '127.0.0.1:19000';
/** Milliseconds until an instance that says nothing counts as gone. */
const patienceMs = 10_000;
/** The status of 10,000 routes is some 20 MB. */
const maxAnswerBytes = 512 * 1024 * 1024;

/** Which address is meant. Throws when the state directory has none. */
export async function adminAddress({ admin, stateDir, name }: AdminTarget): Promise<string> {
  if (stateDir === undefined && name === undefined) return admin ?? defaultAddress;
  const { notedAdminAddress } = await import('../app/admin-address.ts');
  const { path, address } = await notedAdminAddress({ ...(stateDir !== undefined && { stateDir }), ...(name !== undefined && { name }) });
  if (address === undefined) throw new CliError(`no instance with an admin port runs on ${path}`);
  return address;
}

/** GETs JSON from an instance. Throws a sentence when nobody answers, or the answer is an error. */
export async function fetchAdmin(address: string, path: string): Promise<unknown> {
  const target = adminOption(address);
  if (target === 'off') throw new CliError('--admin off: there is nobody to ask');
  let answer: { status: number; body: string };
  try {
    answer = await get(target, path);
  } catch (error) {
    throw new CliError(unreachable(address, error), { cause: error });
  }
  const value = parsed(answer.body);
  if (answer.status === 200 && value !== undefined) return value;
  const reason = (value as { error?: unknown } | undefined)?.error;
  if (typeof reason === 'string') throw new CliError(reason);
  throw new CliError(`what answers at ${address} is not Moongate (status ${answer.status}): name the instance with --admin HOST:PORT, --state-dir DIR or --name INSTANCE`);
}

function unreachable(address: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'ECONNREFUSED' ? 'nothing listens there' : messageOf(error);
  return `no instance answers at ${address} (${why}): start one with "moongate run -f PATH", or name another with --admin HOST:PORT, --state-dir DIR or --name INSTANCE`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function get({ host, port }: { readonly host: string; readonly port: number }, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: host.replace(/^\[(.*)\]$/, '$1'), port, path, agent: false, timeout: patienceMs }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > maxAnswerBytes) outgoing.destroy(new Error(`the answer is longer than ${maxAnswerBytes} bytes`));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${patienceMs / 1000} s`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}
