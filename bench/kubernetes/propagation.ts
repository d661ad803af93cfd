import { createObject, deleteObject, mergePatch } from '../../src/kube/verbs.ts';
import { now } from '../propagation/clock.ts';
import { Connection } from '../propagation/connection.ts';
import { summary, type Summary } from '../propagation/statistics.ts';
import { httpRoutes, namespace, route } from './objects.ts';
import type { Stage } from './stage.ts';
import { together } from './together.ts';
import { gatewayPort, untilServed } from './until-served.ts';

/** How long a route that is created takes to answer. */
export interface PropagationResult {
  readonly routes: number;
  readonly churn: boolean;
  /** From before the request that creates it to its first 200, ms. */
  readonly create_to_200_ms: Summary;
  /** Answers before the first 200 other than 404, and answers other than 200 right after it. */
  readonly wrong_answers: number;
  readonly samples: number;
}

const requestsAtATime = 32;
/** After the first 200 all of this many answers have to be 200 too. */
const afterwards = 20;
/** Other routes whose changes go on meanwhile. */
const churning = 5_000;
/** Between two changes of other routes, and two questions for a route that is not there yet. */
const churnPauseMs = 10;
const askPauseMs = 1;
const servedMs = 300_000;

/** Sees to it that there are so many routes, named `filler-…`. */
export async function fill({ client }: Stage, from: number, to: number): Promise<void> {
  const names = Array.from({ length: Math.max(0, to - from) }, (_, index) => `filler-${from + index}`);
  await together(names, requestsAtATime, (name) => createObject(client, httpRoutes, route(name)));
}

/** Creates routes one after the other, and asks for each until it answers. */
export async function measurePropagation(stage: Stage, options: { readonly routes: number; readonly samples: number; readonly churn: boolean }): Promise<PropagationResult> {
  const { client, address } = stage;
  await untilServed(address, `filler-${options.routes - 1}.example.com`, servedMs);
  const churn = options.churn ? await startChurn(stage) : undefined;
  const names = Array.from({ length: options.samples }, (_, index) => `probe-${index}`);
  const times: number[] = [];
  let wrong = 0;
  const probe = await Connection.open(gatewayPort, address);
  try {
    for (const name of names) {
      const host = `${name}.example.com`;
      const start = now();
      const created = createObject(client, httpRoutes, route(name));
      for (;;) {
        const { status, at } = await probe.ask(host);
        if (status === 200) {
          times.push(at - start);
          break;
        }
        if (status !== 404) wrong++;
        if (at - start > servedMs) throw new Error(`${host} was not served within ${servedMs / 1000} s`);
        await new Promise((wake) => setTimeout(wake, askPauseMs));
      }
      for (let more = 0; more < afterwards; more++) if ((await probe.ask(host)).status !== 200) wrong++;
      await created;
    }
    await together(names, requestsAtATime, (name) => deleteObject(client, httpRoutes, { namespace, name }));
  } finally {
    probe.close();
    await churn?.stop();
  }
  return { routes: options.routes, churn: options.churn, create_to_200_ms: summary(times), wrong_answers: wrong, samples: options.samples };
}

/** Makes routes and changes one after another, about a hundred a second, until it is stopped. */
async function startChurn({ client, address }: Stage): Promise<{ stop(): Promise<void> }> {
  const names = Array.from({ length: churning }, (_, index) => `churn-${index}`);
  await together(names, requestsAtATime, (name) => createObject(client, httpRoutes, route(name)));
  await untilServed(address, `churn-${churning - 1}.example.com`, servedMs);
  let isOn = true;
  const turn = async (): Promise<void> => {
    for (let index = 0; isOn; index++) {
      const name = names[index % churning] ?? '';
      const { spec } = route(name, { version: `v${index}` });
      await mergePatch(client, httpRoutes, { namespace, name }, { spec });
      await new Promise((wake) => setTimeout(wake, churnPauseMs));
    }
  };
  const done = turn();
  return {
    async stop() {
      isOn = false;
      await done;
      await together(names, requestsAtATime, (name) => deleteObject(client, httpRoutes, { namespace, name }));
    },
  };
}
