/**
 * Does work on 0 to count − 1, so many at a time, and returns the results in order.
 * @throws the error of the first place that failed, whichever failed first in time
 */
export async function inTurns<R>(count: number, together: number, work: (i: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < count; start += together) {
    const places = Array.from({ length: Math.min(together, count - start) }, (_, i) => start + i);
    for (const outcome of await Promise.allSettled(places.map(work))) {
      if (outcome.status === "rejected") throw outcome.reason;
      results.push(outcome.value);
    }
  }
  return results;
}
