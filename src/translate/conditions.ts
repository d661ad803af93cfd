import type { Condition } from '../api/conditions.ts';

/** Builds a condition about one generation of an object. */
export function condition(
  type: string,
  status: boolean | 'Unknown',
  about: { readonly reason: string; readonly message: string; readonly generation: number },
): Condition {
  return {
    type,
    status: status === 'Unknown' ? 'Unknown' : status ? 'True' : 'False',
    reason: about.reason,
    message: about.message,
    observedGeneration: about.generation,
  };
}

/** Why something does not hold: the reason of a condition and the sentence beside it. */
export interface Fault {
  readonly reason: string;
  readonly message: string;
}

/** Several faults as one: the first one's reason, all the sentences. */
export function joinFaults(faults: readonly Fault[]): Fault | undefined {
  const [first] = faults;
  if (first === undefined) return undefined;
  return { reason: first.reason, message: [...new Set(faults.map((fault) => fault.message))].join('; ') };
}
