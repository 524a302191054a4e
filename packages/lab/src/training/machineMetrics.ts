import type { Metrics } from "../metrics.ts";
import type { Run } from "../run.ts";

/** What a run costs the machine, from one line of metrics to the next. These metrics differ between two runs with the same seed. */
export class MachineMetrics {
  readonly #run: Run;
  #logged: { step: number; wallTime: number };

  constructor(run: Run, step: number) {
    this.#run = run;
    this.#logged = { step, wallTime: run.wallTime };
  }

  /** Steps per second since the last call, and the process's resident memory in MiB now. */
  take(step: number): Metrics {
    const { wallTime } = this.#run;
    const stepsPerSecond = (step - this.#logged.step) / (wallTime - this.#logged.wallTime);
    this.#logged = { step, wallTime };
    return {
      "speed/stepsPerSecond": stepsPerSecond,
      "memory/resident": Math.round(process.memoryUsage.rss() / 2 ** 20),
    };
  }
}
