import { setTimeout as sleep } from 'node:timers/promises';
import { applyObject } from '../../src/kube/verbs.ts';
import { now } from '../propagation/clock.ts';
import { Connection } from '../propagation/connection.ts';
import { round, summary, type Summary } from '../propagation/statistics.ts';
import { httpRoutes, route } from './objects.ts';
import type { Stage } from './stage.ts';
import { gatewayPort, untilServed } from './until-served.ts';

/** How long a change of one route takes to have its effect. */
export interface ChangeResult {
  readonly routes: number;
  /** From before the request to the first answer by the changed route, ms. */
  readonly change_to_effect_ms: Summary;
  readonly cp_cpu_ms_per_change: number;
  readonly cp_rss_mb: number;
  readonly wrong_answers: number;
  readonly samples: number;
}

/** Between two changes: a control plane that gathers changes must not gather two of these. */
const pauseMs = 50;
/** The CPU of a change includes what comes after its effect, statuses for one. */
const restMs = 2_000;

/** Changes a header of one route's answers again and again. */
export async function measureChange({ client, address, controlPlane }: Stage, { routes, samples }: { readonly routes: number; readonly samples: number }): Promise<ChangeResult> {
  const name = 'filler-0';
  const host = `${name}.example.com`;
  await untilServed(address, `filler-${routes - 1}.example.com`, 300_000);
  await sleep(restMs);
  const probe = await Connection.open(gatewayPort, address);
  const times: number[] = [];
  let wrong = 0;
  const idle = await cpuWhileIdle(controlPlane);
  const cpu = controlPlane.cpuMs();
  const begun = now();
  for (let index = 1; index <= samples; index++) {
    const version = `v${index}`;
    const start = now();
    const written = applyObject(client, httpRoutes, route(name, { version }), { fieldManager: 'bench', force: true });
    for (;;) {
      const answer = await probe.ask(host);
      if (answer.status !== 200) wrong++;
      if (answer.version === version) {
        times.push(answer.at - start);
        break;
      }
      if (answer.at - start > 60_000) throw new Error('a change had no effect within a minute');
    }
    await written;
    await sleep(pauseMs);
  }
  probe.close();
  await sleep(restMs);
  const spent = controlPlane.cpuMs() - cpu - idle * (now() - begun);
  return {
    routes,
    change_to_effect_ms: summary(times),
    cp_cpu_ms_per_change: round(Math.max(0, spent) / samples),
    cp_rss_mb: Math.round(controlPlane.rssMb()),
    wrong_answers: wrong,
    samples,
  };
}

/** Cores. */
async function cpuWhileIdle(controlPlane: Stage['controlPlane']): Promise<number> {
  const before = controlPlane.cpuMs();
  const start = now();
  await sleep(3_000);
  return (controlPlane.cpuMs() - before) / (now() - start);
}
