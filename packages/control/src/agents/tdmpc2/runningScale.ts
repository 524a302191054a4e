import { add, maximum, mul, reshape, slice, sort, sub, type Tensor } from "@era/tensor";

/**
 * The next scale `[]` of values (official common/scale.py, RunningScale): the distance between the 5th and the 95th percentile of `values`
 * (any shape, linear interpolation), at least 1, followed at the rate `tau`. Values are divided by it, so that a policy's loss does not
 * depend on the unit of rewards.
 */
export function nextScale(scale: Tensor, values: Tensor, tau: number): Tensor {
  const flat = reshape(values, [-1]);
  const sorted = sort(flat).values;
  const range = maximum(sub(percentile(sorted, 95), percentile(sorted, 5)), 1);
  return add(scale, mul(sub(range, scale), tau));
}

function percentile(sorted: Tensor, percent: number): Tensor {
  const last = Number(sorted.shape[0]) - 1;
  const position = (percent * last) / 100;
  const below = Math.floor(position);
  const above = Math.min(below + 1, last);
  const at = (index: number) => reshape(slice(sorted, 0, index, index + 1), []);
  return add(mul(at(below), 1 - (position - below)), mul(at(above), position - below));
}
