import { setTimeout as sleep } from 'node:timers/promises';
import type { Pushed } from '../../src/xds/server/events.ts';
import { Connection } from './connection.ts';
import { Load } from './load.ts';
import type { Gateway, System } from './system.ts';
import { cpuMs } from './usage.ts';
import { firstVersion } from './world.ts';

/** How long a change may take, ms. */
const changeMs = 20_000;
/** Time between the end of one change and the next, ms: Envoy tidies up after a change. */
const restMs = 30;

/** What one change took. */
export interface Effect {
  /** Event to the first answer of the new version, ms. */
  readonly effectMs: number;
  /** Times between two answers, ms: the effect may have been there for the last of them. */
  readonly gapsMs: readonly number[];
  readonly eventAt: number;
}

/** Changes the route and asks for it without pause until the new version answers. */
export async function measureEffect(system: System, host: string, version: string): Promise<Effect> {
  const connection = await Connection.open(system.port);
  try {
    await connection.ask(host);
    const eventAt = await system.change(version);
    const gapsMs: number[] = [];
    let before: number | undefined;
    for (;;) {
      const answer = await connection.ask(host);
      if (answer.status !== 200) throw new Error(`${host} answered ${answer.status}`);
      if (before !== undefined) gapsMs.push(answer.at - before);
      if (answer.version === version) return { effectMs: answer.at - eventAt, gapsMs, eventAt };
      if (answer.at > eventAt + changeMs) throw new Error(`no effect of a change within ${changeMs} ms`);
      before = answer.at;
    }
  } finally {
    connection.close();
    await sleep(restMs);
  }
}

/** Times of many changes of three systems, taken in turn so that the machine's moods hit all of them. */
export interface Times {
  readonly bytes: number[];
  readonly effect: number[];
  readonly floor: number[];
  readonly floorOneTable: number[];
  /** Between two answers. */
  readonly gaps: number[];
}

export async function measureTimes(systems: { readonly gateway: Gateway; readonly floor: System; readonly oneTable: System }, options: { readonly host: string; readonly rounds: number; readonly tick: () => void }): Promise<Times> {
  const { gateway, floor, oneTable } = systems;
  const times: Times = { bytes: [], effect: [], floor: [], floorOneTable: [], gaps: [] };
  await gateway.report();
  for (let round = 1; round <= options.rounds; round++) {
    const { host } = options;
    const effect = await measureEffect(gateway, host, `v${round}`);
    const { pushes } = await gateway.report();
    const [push] = pushes;
    if (pushes.length !== 1 || push?.type !== 'RDS' || push.resources !== 1) throw new Error(`a changed route pushed ${JSON.stringify(pushes)}`);
    times.bytes.push(push.at - effect.eventAt);
    times.effect.push(effect.effectMs);
    const other = round % 2 === 0 ? firstVersion : 'v1';
    const floored = await measureEffect(floor, host, other);
    times.floor.push(floored.effectMs);
    const oneTabled = await measureEffect(oneTable, host, other);
    times.floorOneTable.push(oneTabled.effectMs);
    times.gaps.push(...effect.gapsMs, ...floored.gapsMs, ...oneTabled.gapsMs);
    options.tick();
  }
  return times;
}

/** CPU per change while nobody sends requests, ms. What both spend while nothing changes is taken off. */
export async function measureCpu(gateway: Gateway, rounds: number): Promise<{ readonly controlPlane: number; readonly envoy: number }> {
  const spent = async (each: (i: number) => Promise<unknown>): Promise<[number, number]> => {
    const before = [cpuMs(gateway.pid), cpuMs(gateway.envoyPid)] as const;
    for (let i = 0; i < rounds; i++) {
      await each(i);
      await sleep(restMs);
    }
    return [cpuMs(gateway.pid) - before[0], cpuMs(gateway.envoyPid) - before[1]];
  };
  const idle = await spent(async () => {});
  const busy = await spent((i) => gateway.change(`cpu${i}`));
  return { controlPlane: Math.max(0, busy[0] - idle[0]) / rounds, envoy: Math.max(0, busy[1] - idle[1]) / rounds };
}

/** Changes the route again and again while requests come. */
export async function measureLoad(gateway: Gateway, options: { readonly host: string; readonly otherHosts: readonly string[]; readonly rounds: number; readonly pauseMs: number }): Promise<{ readonly requests: number; readonly failed: number }> {
  const load = await Load.start(gateway.port, options);
  for (let i = 0; i < options.rounds; i++) {
    await gateway.change(`load${i}`);
    await sleep(options.pauseMs);
  }
  return load.stop();
}

/** How long to wait for pushes after a change of endpoints, and for more of them after the first, ms. */
const pushMs = 5_000;
const morePushesMs = 300;

/** What a change of one Service's endpoints pushes, in words. */
export async function measureEndpoints(gateway: Gateway, change: () => void): Promise<string> {
  await gateway.report();
  const pushes: Pushed[] = [];
  change();
  for (let waited = 0; pushes.length === 0 && waited < pushMs; waited += restMs) {
    await sleep(restMs);
    pushes.push(...(await gateway.report()).pushes);
  }
  await sleep(morePushesMs);
  pushes.push(...(await gateway.report()).pushes);
  return pushes.map(({ type, resources, removed }) => `${resources} of ${type}${removed > 0 ? `, ${removed} removed` : ''}`).join(' and ') || 'nothing';
}
