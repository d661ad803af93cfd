import type { Condition } from '../api/conditions.ts';
import { messageOf } from '../util/error-message.ts';

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

/** A condition that is True, with its type as its reason and this message, unless there is a fault. */
export function holdsUnless(fault: Fault | undefined, type: string, about: { readonly message: string; readonly generation: number }): Condition {
  return condition(type, fault === undefined, { ...about, ...(fault ?? { reason: type, message: about.message }) });
}

/** Whether all references of an object lead somewhere. */
export function resolvedRefs(fault: Fault | undefined, generation: number): Condition {
  return holdsUnless(fault, 'ResolvedRefs', { message: 'All references are resolved', generation });
}

/** Why something does not hold: the reason of a condition and the sentence beside it. */
export interface Fault {
  readonly reason: string;
  readonly message: string;
}

/** A fault found in a field: `rules[0].backendRefs[1]: Service default/app does not exist`. */
export function at(field: string, fault: Fault): Fault {
  return { reason: fault.reason, message: `${field}: ${fault.message}` };
}

/** Sentences of a message beyond this number are counted, not listed: a message may have 32 KiB. */
const maxSentences = 8;

/** Several faults as one: the first one's reason, all the sentences. */
export function joinFaults(faults: readonly Fault[]): Fault | undefined {
  const [first] = faults;
  if (first === undefined) return undefined;
  const sentences = [...new Set(faults.map((fault) => fault.message))];
  const more = sentences.length - maxSentences;
  return {
    reason: first.reason,
    message: [...sentences.slice(0, maxSentences), ...(more > 0 ? [`and ${more} more`] : [])].join('; '),
  };
}

/** What an object says of itself when the function that translates it threw: a bug of ours, which costs this object and no other. */
export function bugFault(error: unknown): Fault {
  return { reason: 'Invalid', message: `Internal error, please report it: ${messageOf(error)}` };
}
