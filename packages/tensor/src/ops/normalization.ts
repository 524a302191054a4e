/** Normalizations along the last axis. */
import { formatShape, ShapeError, sizeOf } from "../shape.ts";
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
    const ones = emit.filled(dtype as "float32" | "float64", sizeOf(shape.slice(-1)), 1);
    const attributes = { axis: -1, epsilon: emit.float(node.attributes.epsilon) };
    const [y = "", , inverse = ""] = emit.nodes("LayerNormalization", [x, ones], attributes, 3);
    return [y, inverse];
  },
  vjp: ([g, gInverse], node) => {
    if (gInverse) throw new Error("standardize: its inverse deviation has no derivative of its own");
    if (!g) return [];
    const [y, inverse] = [node.output(0), node.output(1)];
    // With y = (x - mean)/s: dx = (g - mean(g) - y·mean(g·y))/s.
    const centred = sub(sub(g, mean(g, -1, true)), mul(y, mean(mul(g, y), -1, true)));
    return [mul(centred, inverse)];
  },
};

/** (x − mean)/√(variance + ε) along the last axis: layer normalization before its scale and shift. */
export function standardize(x: Tensor, epsilon = 1e-5): Tensor {
  if (x.rank === 0) throw new ShapeError(`standardize: needs at least one axis, not ${formatShape(x.shape)}`);
  const { shape, dtype } = x;
  const inverse = { shape: [...shape.slice(0, -1), 1], dtype };
  return new Node(standardizeOperation, [x], { epsilon }, [{ shape, dtype }, inverse]).output();
}

/** Layer normalization along the last axis; `scale` and `shift` broadcast against x (`[width]`, or one a critic: `[critics, 1, width]`). */
export const layerNorm = (x: Tensor, scale: Tensor, shift: Tensor, epsilon = 1e-5): Tensor =>
  add(mul(standardize(x, epsilon), scale), shift);

/** x/√(mean(x²) + ε)·scale along the last axis. */
export const rmsNorm = (x: Tensor, scale: Tensor, epsilon = 1e-6): Tensor =>
  mul(div(x, sqrt(add(mean(square(x), -1, true), epsilon))), scale);
