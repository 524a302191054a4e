import { tolerance } from "../tolerance.ts";

const little = { margin: 1, valueAtMargin: 0, sigmoid: "quadratic" } as const;

/** The factor of a reward for small controls `[nu]`, in [0.8, 1]: (4 + mean of 1 − u² where |u| < 1) / 5. */
export function calm(controls: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < controls.length; i++) sum += tolerance(controls[i] ?? 0, little);
  return (4 + sum / controls.length) / 5;
}
