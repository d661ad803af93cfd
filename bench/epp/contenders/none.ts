import type { Contender, Surroundings } from './contender.ts';

/** Nobody: the load generator asks the servers in turn. What is measured then is the generator's, and the servers'. */
export async function startNone({ servers: { members, port } }: Surroundings): Promise<Contender> {
  return { targets: members.map(({ ip }) => `${ip}:${port}`), [Symbol.asyncDispose]: () => Promise.resolve() };
}
