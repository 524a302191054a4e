/** Order of computation, which a graph leaves to ONNX Runtime where no value depends on another. */
import { requireFloat } from "../dtype.ts";
import { sizeOf, staticShape } from "../shape.ts";
import { type Attributes, apply, type Operation, type Tensor } from "../tensor.ts";

const afterOperation: Operation<Attributes> = {
  name: "after",
  lower: (emit, [x = "", ...others], node) => {
    // x + 0·(one element of each): no optimizer may take that for x, since 0·∞ is none.
    const elements = others.map((other, i) => {
      const { rank } = node.input(i + 1);
      if (rank === 0) return other;
      const all = (value: number) => emit.int64(Array.from({ length: rank }, () => value));
      const axes = emit.int64(Array.from({ length: rank }, (_, axis) => axis));
      return emit.node("Reshape", [emit.node("Slice", [other, all(0), all(1), axes]), emit.int64([])]);
    });
    const total = elements.length === 1 ? (elements[0] ?? "") : emit.node("Sum", elements);
    return [emit.node("Add", [x, emit.node("Mul", [total, emit.scalar(node.output().dtype, 0)])])];
  },
  vjp: ([g]) => [g],
};

/**
 * x, in a copy of its own that is computed only when all `others` are; the derivative flows to x alone. What is computed of the copy is computed
 * later, and anew where it is computed of x too: so a graph can trade time for memory. (NaN where an other's first element is not finite.)
 * All are of x's float type.
 */
export function after(x: Tensor, others: readonly Tensor[]): Tensor {
  requireFloat("after", x.dtype);
  const some = others.filter((other) => sizeOf(staticShape("after", other.shape)) > 0);
  if (some.length === 0) return x;
  for (const other of some) {
    if (other.dtype !== x.dtype) throw new TypeError(`after: x is ${x.dtype}, but ${other} is given with it`);
  }
  return apply(afterOperation, [x, ...some], {}, { shape: x.shape, dtype: x.dtype });
}
