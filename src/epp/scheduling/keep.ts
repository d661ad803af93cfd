import type { Endpoint } from '../endpoints/endpoint.ts';

/** Those that pass; the list itself when all do. */
export function keep(candidates: readonly Endpoint[], passes: (candidate: Endpoint) => boolean): readonly Endpoint[] {
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i] as Endpoint;
    if (passes(candidate)) continue;
    const kept = candidates.slice(0, i);
    for (let j = i + 1; j < candidates.length; j++) {
      const later = candidates[j] as Endpoint;
      if (passes(later)) kept.push(later);
    }
    return kept;
  }
  return candidates;
}
