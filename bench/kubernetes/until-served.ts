import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../propagation/clock.ts';
import { Connection } from '../propagation/connection.ts';

/** The port of the Gateway that is measured. */
export const gatewayPort = 80;

/** Waits until a host is answered with 200, ms at most; asks on a new connection each time. */
export async function untilServed(address: string, host: string, limitMs: number): Promise<void> {
  await untilAnswered(address, host, { limitMs, isEnough: (status) => status === 200 });
}

/** Waits until a host is answered with a status that is enough. */
export async function untilAnswered(address: string, host: string, { limitMs, isEnough }: { readonly limitMs: number; readonly isEnough: (status: number) => boolean }): Promise<void> {
  const end = now() + limitMs;
  while (now() < end) {
    const connection = await Connection.open(gatewayPort, address).catch(() => undefined);
    const answer = await connection?.ask(host).catch(() => undefined);
    connection?.close();
    if (answer !== undefined && isEnough(answer.status)) return;
    await sleep(50);
  }
  throw new Error(`${host} was not served at ${address} within ${limitMs / 1000} s`);
}
