import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Stage } from './stage.ts';

const run = promisify(execFile);

/** Requests through the proxy, as many as it takes. */
export interface TrafficResult {
  readonly connections: number;
  readonly requests_per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** Answers other than 2xx and 3xx, and broken connections. */
  readonly errors: number;
  readonly envoy_cpu_us_per_request: number;
}

const connections = 64;

/** Sends requests for one route for a while, with `wrk`. */
export async function measureTraffic({ address, envoy }: Stage, seconds: number): Promise<TrafficResult> {
  const cpu = envoy.cpuMs();
  const { stdout } = await wrk(['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-H', 'Host: first.example.com', `http://${address}/`]);
  const spent = envoy.cpuMs() - cpu;
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? 0);
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)?.slice(1).map(Number) ?? [];
  const requests = number(/(\d+) requests in/);
  return {
    connections,
    requests_per_second: Math.round(number(/Requests\/sec:\s+([\d.]+)/)),
    p50_ms: milliseconds(/50%\s+(\S+)/.exec(stdout)?.[1]),
    p99_ms: milliseconds(/99%\s+(\S+)/.exec(stdout)?.[1]),
    errors: number(/Non-2xx or 3xx responses: (\d+)/) + sockets.reduce((sum, count) => sum + count, 0),
    envoy_cpu_us_per_request: Math.round((spent * 1000) / Math.max(1, requests)),
  };
}

async function wrk(args: readonly string[]): Promise<{ readonly stdout: string }> {
  try {
    return await run('wrk', [...args]);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ENOENT') throw error;
    throw new Error('there is no wrk on PATH: Debian has it in the package wrk', { cause: error });
  }
}

/** `1.20ms`, `830.00us`, `1.02s`. */
function milliseconds(text = ''): number {
  const value = Number.parseFloat(text);
  if (text.endsWith('us')) return value / 1000;
  return text.endsWith('ms') ? value : value * 1000;
}
