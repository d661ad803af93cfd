import type { Part, XdsResource } from './resources.ts';
import type { XdsType } from './types.ts';

/** A resource of a proxy, across its streams. */
export interface ResourceId {
  readonly proxy: string;
  readonly type: XdsType;
  /** '' when Envoy refused a response without resources. */
  readonly name: string;
}

/** Envoy refused a resource. */
export interface Refusal extends ResourceId {
  readonly version: string;
  /** Envoy's text. */
  readonly message: string;
  /** What is in the refused content and was not in the last accepted one, oldest first. */
  readonly suspects: readonly Part[];
}

/** Characters that are kept of a reason. Envoy itself cuts its texts at 4,096 bytes. */
const MAX_REASON_CHARS = 4_096;

/**
 * The resources of a response that Envoy's error text blames, each with its reason. Envoy names resources in two forms:
 *
 *     Error adding/updating cluster(s) a: reason of a, b: reason of b
 *     Error adding/updating listener(s) a: reason of a⏎b: reason of b⏎
 *
 * The only resource of a response is to blame whatever the text says. Otherwise the answer is empty when none is named:
 * then any of them can be the one, and since Envoy stops at the first bad one, the others may not have been applied.
 */
export function blame(message: string, names: readonly string[]): ReadonlyMap<string, string> {
  const list = /^Error adding\/updating (?:cluster|listener)\(s\) ([\s\S]*)$/.exec(message)?.[1];
  const named = list === undefined ? [] : names.flatMap((name) => positionOf(name, list) ?? []).sort((a, b) => a.start - b.start);
  const reasons = new Map<string, string>();
  for (const [index, { name, reason }] of named.entries()) {
    reasons.set(name, cut(list?.slice(reason, named[index + 1]?.start) ?? ''));
  }
  const [only] = names;
  if (reasons.size === 0 && names.length === 1 && only !== undefined) reasons.set(only, cut(message));
  return reasons;
}

function positionOf(name: string, list: string): { name: string; start: number; reason: number } | undefined {
  for (const before of ['', ', ', '\n']) {
    const mark = `${before}${name}: `;
    const start = before === '' ? (list.startsWith(mark) ? 0 : -1) : list.indexOf(mark);
    if (start >= 0) return { name, start, reason: start + mark.length };
  }
  return undefined;
}

/** A reason without the white space around it, and bounded. */
export function cut(reason: string): string {
  return reason.slice(0, MAX_REASON_CHARS).trim();
}

/** The contributions to a refused resource that its last accepted content did not have: one of them is to blame. */
export function suspectsOf(refused: XdsResource, accepted: XdsResource | undefined): readonly Part[] {
  const known = new Set<string>();
  for (const part of accepted?.parts?.() ?? []) known.add(`${part.owner}@${part.version}`);
  return [...(refused.parts?.() ?? [])].filter((part) => !known.has(`${part.owner}@${part.version}`));
}
