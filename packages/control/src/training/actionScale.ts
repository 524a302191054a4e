import type { Box } from "../env/box.ts";

/** Maps policies' actions on [−1, 1] to an action space's bounds. Throws where the space is unbounded. */
export function actionScale(space: Box): (action: Float32Array) => Float32Array {
  const size = space.low.length;
  const centre = Float32Array.from({ length: size }, (_, i) => ((space.low[i] ?? 0) + (space.high[i] ?? 0)) / 2);
  const half = Float32Array.from({ length: size }, (_, i) => ((space.high[i] ?? 0) - (space.low[i] ?? 0)) / 2);
  if (!half.every((width) => Number.isFinite(width) && width > 0)) {
    throw new Error("the action space must have finite bounds: policies act between them");
  }
  return (action) => action.map((a, i) => (centre[i] ?? 0) + (half[i] ?? 0) * a);
}
