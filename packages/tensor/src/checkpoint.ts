/** Gradient checkpointing (Chen et al. 2016): what lies between a part's input and its output is computed again for the gradient, not kept. */
import { vjp } from "./grad.ts";
import { after } from "./ops/after.ts";
import { withVjp } from "./ops/customGradient.ts";
import type { Tensor } from "./tensor.ts";

/**
 * `compute(x)`, of which only x is kept for the backward pass: there the part is computed again. Bits and gradients are the same, at the price of
 * a second forward pass. ONNX Runtime runs a graph in an order of its own, so the second computation waits for the gradient that it is needed
 * for, and the gradient of x for those of the parameters: no two parts' intermediate values are then alive at once.
 *
 * @param parameters all float tensors that `compute` uses besides x and that gradients may be taken of; none reaches others
 */
export function checkpoint(compute: (x: Tensor) => Tensor, x: Tensor, parameters: readonly Tensor[]): Tensor {
  const [value] = withVjp([compute(x)], [x, ...parameters], ([g], wanted) => {
    if (!g) return [];
    const late = after(x, [g]);
    const sources = [late, ...parameters].filter((_, i) => i === 0 || wanted[i]);
    const [gradient, ...others] = vjp([compute(late)], [g], sources);
    if (!gradient) return [];
    let next = 0;
    return [after(gradient, others), ...parameters.map((_, i) => (wanted[i + 1] ? others[next++] : undefined))];
  });
  return value as Tensor;
}
