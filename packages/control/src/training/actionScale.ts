import { type ActionSpace, Discrete } from "../env/discrete.ts";

/**
 * Maps policies' actions on [−1, 1], one or several rows of them, to an action space's bounds; the numbers of discrete actions stay as they are.
 * Throws where the space is unbounded.
 */
export function actionScale(space: ActionSpace): (action: Float32Array) => Float32Array {
  if (space instanceof Discrete) return (action) => action;
  const { size } = space;
  const centre = Float32Array.from({ length: size }, (_, i) => ((space.low[i] ?? 0) + (space.high[i] ?? 0)) / 2);
  const half = Float32Array.from({ length: size }, (_, i) => ((space.high[i] ?? 0) - (space.low[i] ?? 0)) / 2);
  if (!half.every((width) => Number.isFinite(width) && width > 0)) {
    throw new Error("the action space must have finite bounds: policies act between them");
  }
  return (actions) => actions.map((a, i) => (centre[i % size] ?? 0) + (half[i % size] ?? 0) * a);
}
