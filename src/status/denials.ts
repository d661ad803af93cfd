import { backOffDelay, type BackOff } from '../kube/back-off.ts';

/** RBAC seldom changes, and each attempt is a line in the API server's audit log. Milliseconds. */
const BACK_OFF: BackOff = { firstMs: 10_000, maxMs: 300_000 };

/**
 * What RBAC forbids, by kind and namespace: a Role may grant a kind in some namespaces only. One attempt in a while is
 * made for all objects of a kind in a namespace together.
 */
export class Denials {
  readonly #denied = new Map<string, { until: number; failures: number }>();
  readonly #told = new Set<string>();

  /** Time before which a write is pointless. */
  until({ kind, key }: { readonly kind: string; readonly key: string }): number {
    return this.#denied.get(scopeOf(kind, key))?.until ?? 0;
  }

  /** A write was denied. Returns whether that has to be told: once for each kind. `now` in milliseconds, `random` in [0, 1). */
  deny({ kind, key }: { readonly kind: string; readonly key: string }, { now, random }: { readonly now: number; readonly random: number }): boolean {
    const scope = scopeOf(kind, key);
    const denial = this.#denied.get(scope) ?? { until: 0, failures: 0 };
    // Writes that were under way together are one attempt.
    if (now >= denial.until) this.#denied.set(scope, { failures: denial.failures + 1, until: now + backOffDelay(BACK_OFF, denial.failures + 1, random) });
    if (this.#told.has(kind)) return false;
    this.#told.add(kind);
    return true;
  }

  /** A write was let through. Returns whether an earlier denial was told of. */
  allow({ kind, key }: { readonly kind: string; readonly key: string }): boolean {
    return this.#denied.delete(scopeOf(kind, key)) && this.#told.delete(kind);
  }

  /** Forgets when to try again, not what was told: another term, another attempt. */
  retry(): void {
    this.#denied.clear();
  }
}

function scopeOf(kind: string, key: string): string {
  const slash = key.indexOf('/');
  return slash === -1 ? kind : `${kind}/${key.slice(0, slash)}`;
}
