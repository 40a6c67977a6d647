/**
 * Runs `work` on all items, at most `limit` at a time, started in order; for files on network drives, where latency
 * dominates. After a failure no further items are started, and the error of the earliest failed item is thrown.
 */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const failures: { index: number; error: unknown }[] = [];
  const worker = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        await work(items[index]!, index);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  failures.sort((a, b) => a.index - b.index);
  if (failures.length > 0) throw failures[0]!.error;
}
