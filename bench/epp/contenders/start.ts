import type { Contender, ContenderName, Surroundings } from './contender.ts';
import { startMoongate } from './moongate.ts';
import { startNone } from './none.ts';
import { startRoundRobin } from './round-robin.ts';
import { startUpstream } from './upstream.ts';

const starts: Readonly<Record<ContenderName, (surroundings: Surroundings) => Promise<Contender>>> = {
  'none': startNone,
  'round-robin': startRoundRobin,
  'upstream': startUpstream,
  'moongate': startMoongate,
};

export function startContender(name: ContenderName, surroundings: Surroundings): Promise<Contender> {
  return starts[name](surroundings);
}
