/** Polls until `condition` holds; rejects with `what` and the last error when that takes longer than the limit (ms). */
export async function until(what: string, condition: () => Promise<boolean> | boolean, limit = 15_000): Promise<void> {
  const end = performance.now() + limit;
  let last: unknown;
  while (performance.now() < end) {
    try {
      if (await condition()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${what}: not within ${limit} ms`, { cause: last });
}
