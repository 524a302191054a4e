/** Means of measurements since they were last taken, with a state that a checkpoint can hold. */
export class Averages {
  #sums = new Map<string, { total: number; count: number }>();

  /** Counts each measurement once. */
  add(measurements: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(measurements)) {
      const sum = this.#sums.get(name);
      if (sum) {
        sum.total += value;
        sum.count++;
      } else this.#sums.set(name, { total: value, count: 1 });
    }
  }

  /** The means so far by name; counting then begins anew. */
  take(): Record<string, number> {
    const means = [...this.#sums].map(([name, { total, count }]) => [name, total / count]);
    this.#sums.clear();
    return Object.fromEntries(means);
  }

  get state(): Readonly<Record<string, readonly [total: number, count: number]>> {
    return Object.fromEntries([...this.#sums].map(([name, { total, count }]) => [name, [total, count]]));
  }

  set state(state: Readonly<Record<string, readonly [total: number, count: number]>>) {
    this.#sums = new Map(Object.entries(state).map(([name, [total, count]]) => [name, { total, count }]));
  }
}
