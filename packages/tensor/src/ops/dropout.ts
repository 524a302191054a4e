/** Dropout with noise that is given: fed, or from a `RandomStream`. */
import { requireFloat } from "../dtype.ts";
import { formatShape, ShapeError, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { cast, greaterEqual, mul } from "./elementwise.ts";

/**
 * x with each element set to 0 with probability `rate` and the others divided by 1 − rate (Srivastava et al. 2014, PyTorch's scaling).
 * @param uniform of x's shape, uniform in [0, 1): an element is dropped where it is below `rate`. A shape with axes of size 1 drops along
 * them together, as `[batch, channels, 1, 1]` drops channels.
 */
export function dropout(x: Tensor, uniform: Tensor, rate: number): Tensor {
  requireFloat("dropout", x.dtype);
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout: the rate is ${rate}; it must be from 0 to below 1`);
  const fits = uniform.rank === x.rank && uniform.shape.every((dim, i) => dim === 1 || dim === x.shape[i]);
  if (!fits && !sameShape(uniform.shape, x.shape)) {
    throw new ShapeError(`dropout: noise ${formatShape(uniform.shape)} does not fit ${formatShape(x.shape)}`);
  }
  if (rate === 0) return x;
  return mul(x, mul(cast(greaterEqual(uniform, rate), x.dtype), 1 / (1 - rate)));
}
