/** Speed is measured over this much of the recent past, so that it follows the work and doesn't flicker. */
const MILLISECONDS = 15_000;

/** Steps per second of the recent past. */
export class StepRate {
  readonly #samples: { readonly step: number; readonly time: number }[];

  /** @param time milliseconds, of any origin */
  constructor(step: number, time: number) {
    this.#samples = [{ step, time }];
  }

  /** Notes where the work stands; undefined until a speed can be measured. */
  at(step: number, time: number): number | undefined {
    const samples = this.#samples;
    samples.push({ step, time });
    while (samples[1] && time - samples[1].time >= MILLISECONDS) samples.shift();
    const [from] = samples;
    const isMeasured = from !== undefined && time > from.time && step > from.step;
    return isMeasured ? ((step - from.step) / (time - from.time)) * 1000 : undefined;
  }
}
