import type { DType } from "../dtype.ts";
import { isFloat } from "../dtype.ts";
import { apply, type Operation, type Tensor } from "../tensor.ts";

const castOperation: Operation<{ to: DType }> = {
  name: "cast",
  lower: (emit, [x = ""], { attributes: { to } }) => [emit.cast(x, to as DType)],
  vjp: ([g], node) => [
    g && isFloat(node.input(0).dtype) && isFloat(g.dtype) ? cast(g, node.input(0).dtype) : undefined,
  ],
};

/**
 * The values as another element type, as ONNX's Cast has them: to float32 rounded to nearest, to integers truncated, to bool whether not 0.
 * Gradients flow between float types.
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply(castOperation, [x], { to: dtype }, { shape: x.shape, dtype });
}
