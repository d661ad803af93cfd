/** How to wait. */
export interface WaitOptions {
  /** ms. */
  readonly limit: number;
  /** ms between two looks. */
  readonly interval?: number;
  /** Errors after which waiting makes no sense. */
  readonly fatal?: (error: unknown) => boolean;
  readonly signal?: AbortSignal;
}

const defaultIntervalMs = 25;

/** Looks again and again until the condition holds; errors count as "not yet". Rejects with `what` and the last error when it takes too long. */
export async function eventually(what: string, condition: () => Promise<boolean> | boolean, options: WaitOptions): Promise<void> {
  const { limit, interval = defaultIntervalMs, fatal = () => false, signal } = options;
  const end = performance.now() + limit;
  let last: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      if (await condition()) return;
      last = undefined;
    } catch (error) {
      if (fatal(error)) throw error;
      last = error;
    }
    if (performance.now() >= end) throw new Error(`${what}: not within ${limit / 1000} s`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
