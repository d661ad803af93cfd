/** Does something for each item, so many at a time. Rejects with the first failure, when nothing is under way any more. */
export async function together<T>(items: readonly T[], atATime: number, work: (item: T, index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (next < items.length && failure === undefined) {
      const index = next++;
      const item = items[index] as T;
      try {
        await work(item, index);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, worker));
  if (failure !== undefined) throw failure.error;
}
