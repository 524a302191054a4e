import type { Operand, Ops } from "./ops.ts";
import type { NdArray } from "./reference.ts";
import { ndArray, referenceOps as r } from "./reference.ts";

/** A value and its directional derivative, of the same shape. */
export interface Dual {
  readonly value: NdArray;
  readonly tangent: NdArray;
}

/** A value that is held fixed. */
export const constant = (value: NdArray): Dual => ({ value, tangent: r.mul(value, 0) });

const value = (x: Operand<Dual>): Operand<NdArray> => (typeof x === "number" ? x : x.value);
const tangent = (x: Operand<Dual>): Operand<NdArray> => (typeof x === "number" ? 0 : x.tangent);
/** A dual number whose tangent is broadcast to the value's shape. */
const dual = (v: NdArray, t: NdArray): Dual => ({ value: v, tangent: r.add(t, r.sub(v, v)) });
/** Chain rule of a function of one argument. */
const chain = (x: Dual, v: NdArray, slope: NdArray): Dual => dual(v, r.mul(slope, x.tangent));

/**
 * Forward-mode automatic differentiation in float64 over the reference, with the gradient conventions of {@link Ops}: what a
 * differentiating library computes, exact enough to be compared with central differences of the reference.
 */
export const dualOps: Ops<Dual> = {
  add: (a, b) => dual(r.add(value(a), value(b)), r.add(tangent(a), tangent(b))),
  sub: (a, b) => dual(r.sub(value(a), value(b)), r.sub(tangent(a), tangent(b))),
  mul: (a, b) => dual(r.mul(value(a), value(b)), r.add(r.mul(tangent(a), value(b)), r.mul(value(a), tangent(b)))),
  div: (a, b) => {
    const quotient = r.div(value(a), value(b));
    return dual(quotient, r.div(r.sub(tangent(a), r.mul(quotient, tangent(b))), value(b)));
  },

  exp: (x) => {
    const v = r.exp(x.value);
    return chain(x, v, v);
  },
  log: (x) => chain(x, r.log(x.value), r.div(1, x.value)),
  sqrt: (x) => {
    const v = r.sqrt(x.value);
    return chain(x, v, r.div(0.5, v));
  },
  tanh: (x) => {
    const v = r.tanh(x.value);
    return chain(x, v, r.sub(1, r.mul(v, v)));
  },
  erf: (x) => {
    const density = r.mul(2 / Math.sqrt(Math.PI), r.exp(r.mul(-1, r.mul(x.value, x.value))));
    return chain(x, r.erf(x.value), density);
  },

  clip: (x, low, high) => {
    const inside = r.mul(r.less(low, x.value), r.less(x.value, high));
    return chain(x, r.clip(x.value, low, high), inside);
  },
  less: (a, b) => constant(r.less(value(a), value(b))),
  where: (mask, a, b) => dual(r.where(mask.value, value(a), value(b)), r.where(mask.value, tangent(a), tangent(b))),

  softmax: (x) => {
    const p = r.softmax(x.value);
    return dual(p, r.mul(p, r.sub(x.tangent, r.sum(r.mul(p, x.tangent)))));
  },
  sum: (x) => dual(r.sum(x.value), r.sum(x.tangent)),
  max: (x) => dualOps.topK(x, 1),
  topK: (x, k) => {
    const n = x.value.shape.at(-1) ?? 0;
    const size = Math.min(k, n);
    const order = Array.from({ length: x.value.data.length / n }, (_, row) =>
      Array.from({ length: n }, (_, i) => row * n + i)
        .sort((i, j) => (x.value.data[j] ?? 0) - (x.value.data[i] ?? 0))
        .slice(0, size),
    ).flat();
    const pick = (from: NdArray) =>
      ndArray(
        order.map((i) => from.data[i] ?? 0),
        [...x.value.shape.slice(0, -1), size],
      );
    return dual(pick(x.value), pick(x.tangent));
  },
  positions: (x) => constant(r.positions(x.value)),

  polynomial: (x, coefficients) => {
    const slopes = coefficients.slice(1).map((c, i) => c * (i + 1));
    return chain(x, r.polynomial(x.value, coefficients), r.polynomial(x.value, slopes.length > 0 ? slopes : [0]));
  },

  stopGradient: (x) => constant(x.value),
  withDerivatives: (x, derivatives) =>
    derivatives.reduce(
      (sum, [input, derivative]) => dual(sum.value, r.add(sum.tangent, r.mul(derivative.value, input.tangent))),
      constant(x.value),
    ),
};

/**
 * The directional derivative of a formula, twice: exactly as automatic differentiation finds it, and by a central difference
 * of the reference. `inputs` are moved along `directions`, both `[name]: values` of equal shapes.
 */
export function derivativeTwoWays<Names extends string>(
  formula: <T>(ops: Ops<T>, inputs: Record<Names, T>) => T,
  inputs: Record<Names, NdArray>,
  directions: Record<Names, NdArray>,
  step = 1e-5,
): { readonly automatic: Float64Array; readonly difference: Float64Array } {
  const names = Object.keys(inputs) as Names[];
  const record = <T>(f: (name: Names) => T) => Object.fromEntries(names.map((n) => [n, f(n)])) as Record<Names, T>;
  const moved = (h: number) =>
    formula(
      r,
      record((name) => r.add(inputs[name], r.mul(h, directions[name]))),
    );
  const automatic = formula(
    dualOps,
    record((name) => ({ value: inputs[name], tangent: directions[name] })),
  );
  // Fourth order, so that the step can be long enough for the rounding not to matter.
  const slope = (h: number) => r.mul(r.sub(moved(h), moved(-h)), 1 / (2 * h));
  const difference = r.sub(r.mul(4 / 3, slope(step)), r.mul(1 / 3, slope(2 * step)));
  return { automatic: automatic.tangent.data, difference: difference.data };
}
