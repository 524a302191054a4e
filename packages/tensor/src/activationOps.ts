/** @era/activation on this package's expressions. */
import type { Ops } from "@era/activation";
import { withDerivatives } from "./ops/customGradient.ts";
import {
  add,
  clip,
  div,
  erf,
  exp,
  less,
  log,
  mul,
  polynomial,
  sqrt,
  stopGradient,
  sub,
  tanh,
  where,
} from "./ops/elementwise.ts";
import { topK } from "./ops/indexing.ts";
import { max, softmax, sum } from "./ops/reduce.ts";
import { ShapeError } from "./shape.ts";
import { constant, type Tensor } from "./tensor.ts";

/** The number of elements along the last axis, which must have a fixed size. */
function lastSize(name: string, x: Tensor): number {
  const size = x.shape.at(-1);
  if (typeof size !== "number") throw new ShapeError(`${name}: needs a last axis of a fixed size, which ${x} has not`);
  return size;
}

/**
 * The operations that @era/activation's formulas are written over, as expressions: every formula compiles and differentiates. Meant for
 * float32 tensors; `where` between two numbers gives float32 in any case.
 */
export const tensorOps: Ops<Tensor> = {
  add,
  sub,
  mul,
  div,
  exp,
  log,
  sqrt,
  // ONNX Runtime's float32 Tanh exceeds 1 by up to two units in the last place where |x| is 8.3 to 9: outside a truncated normal's support.
  tanh: (x) => clip(tanh(x), -1, 1),
  erf,
  clip,
  less,
  where,
  softmax: (x) => softmax(x, -1),
  sum: (x) => sum(x, -1, true),
  max: (x) => max(x, -1, true),
  topK: (x, k) => topK(x, Math.min(k, lastSize("topK", x))).values,
  positions: (x) => {
    const size = lastSize("positions", x);
    return constant(
      Array.from({ length: size }, (_, i) => i),
      [size],
      x.dtype,
    );
  },
  polynomial,
  stopGradient,
  withDerivatives,
};
