/** Normalizations along the last axis. */
import { requireFloat } from "../dtype.ts";
import { broadcast, formatShape, ShapeError, sizeOf } from "../shape.ts";
import { type Attributes, Node, type Operation, type Tensor } from "../tensor.ts";
import { add, div, mul, sqrt, square, sub } from "./elementwise.ts";
import { mean } from "./reduce.ts";

interface StandardizeAttributes extends Attributes {
  readonly epsilon: number;
}
const standardizeOperation: Operation<StandardizeAttributes> = {
  name: "standardize",
  lower: (emit, [x = ""], node) => {
    const { shape, dtype } = node.input(0);
    if (dtype !== "float32")
      throw new TypeError(`standardize: ONNX Runtime has no ${dtype} kernel for it; cast to float32`);
    const ones = emit.filled(dtype, sizeOf(shape.slice(-1)), 1);
    const attributes = { axis: -1, epsilon: emit.float(node.attributes.epsilon) };
    const [y = "", , inverse = ""] = emit.nodes("LayerNormalization", [x, ones], attributes, 3);
    return [y, inverse];
  },
  vjp: ([g, gInverse], node) => {
    const [y, inverse] = [node.output(0), node.output(1)];
    // With y = (x − mean)/s: dx = (g − mean(g) − y·mean(g·y))/s.
    const through = g && mul(sub(sub(g, mean(g, -1, true)), mul(y, mean(mul(g, y), -1, true))), inverse);
    // 1/s is used by that gradient only, so this term by second derivatives only: d(1/s) = −y/(width·s²).
    const width = sizeOf(y.shape.slice(-1));
    const throughInverse = gInverse && mul(mul(gInverse, square(inverse)), mul(y, -1 / width));
    return [through && throughInverse ? add(through, throughInverse) : (through ?? throughInverse)];
  },
};

/** (x − mean)/√(variance + ε) along the last axis: layer normalization before its scale and shift. float32 when run. */
export function standardize(x: Tensor, epsilon = 1e-5): Tensor {
  requireFloat("standardize", x.dtype);
  if (x.rank === 0) throw new ShapeError(`standardize: needs at least one axis, not ${formatShape(x.shape)}`);
  const { shape, dtype } = x;
  const inverse = { shape: [...shape.slice(0, -1), 1], dtype };
  return new Node(standardizeOperation, [x], { epsilon }, [{ shape, dtype }, inverse]).output();
}

/** Layer normalization along the last axis; `scale` and `shift` broadcast against x (`[width]`, or one a critic: `[critics, 1, width]`). */
export function layerNorm(x: Tensor, scale: Tensor, shift: Tensor, epsilon = 1e-5): Tensor {
  broadcast("layerNorm", broadcast("layerNorm", x.shape, scale.shape), shift.shape);
  return add(mul(standardize(x, epsilon), scale), shift);
}

/** x/√(mean(x²) + ε)·scale along the last axis. */
export function rmsNorm(x: Tensor, scale: Tensor, epsilon = 1e-6): Tensor {
  requireFloat("rmsNorm", x.dtype);
  if (x.rank === 0) throw new ShapeError(`rmsNorm: needs at least one axis, not ${formatShape(x.shape)}`);
  broadcast("rmsNorm", x.shape, scale.shape);
  return mul(div(x, sqrt(add(mean(square(x), -1, true), epsilon))), scale);
}
