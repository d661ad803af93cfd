import { retries, serversCluster, startProxy } from '../proxy.ts';
import type { Contender, Surroundings } from './contender.ts';

/** Envoy without a picker. It retries what a dead server refuses. */
export async function startRoundRobin({ programs, servers, directory }: Surroundings): Promise<Contender> {
  const proxy = await startProxy(programs.envoy, { clusters: [serversCluster(servers)], route: retries }, directory);
  return { targets: [proxy.address], proxy: proxy.program, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}
