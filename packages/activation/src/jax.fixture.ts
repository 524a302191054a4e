import { init, lax, nn, numpy as np } from "@jax-js/jax";
import type { Operand, Ops } from "./ops.ts";
import { surrogateDerivatives } from "./ops.ts";

// The WebAssembly backend names this type, which Node has only had since version 24, when it is handed data.
Object.assign(globalThis, { Float16Array: Reflect.get(globalThis, "Float16Array") ?? class {} });
await init("wasm");

type Tensor = np.Array;

/** jax-js frees an array when it is passed on; `.ref` keeps it, so that operations are pure. */
const keep = (x: Operand<Tensor>): Tensor | number => (typeof x === "number" ? x : x.ref);

/** {@link Ops} for @jax-js/jax, whole: what another library needs in order to run everything in this package. */
export const jaxOps: Ops<Tensor> = {
  add: (a, b) => np.add(keep(a), keep(b)),
  sub: (a, b) => np.subtract(keep(a), keep(b)),
  mul: (a, b) => np.multiply(keep(a), keep(b)),
  div: (a, b) => np.divide(keep(a), keep(b)),
  exp: (x) => np.exp(x.ref),
  log: (x) => np.log(x.ref),
  sqrt: (x) => np.sqrt(x.ref),
  tanh: (x) => np.tanh(x.ref),
  erf: (x) => lax.erf(x.ref),
  clip: (x, low, high) => np.clip(x.ref, low, high),
  less: (a, b) => np.less(keep(a), keep(b)),
  where: (mask, a, b) => np.where(mask.ref, keep(a), keep(b)),
  softmax: (x) => nn.softmax(x.ref, -1),
  sum: (x) => np.sum(x.ref, -1, { keepdims: true }),
  max: (x) => np.max(x.ref, -1, { keepdims: true }),
  topK: (x, k) => {
    const [values, indices] = lax.topK(x.ref, Math.min(k, x.shape.at(-1) ?? 0));
    indices.dispose();
    return values;
  },
  positions: (x) => np.arange(x.shape.at(-1) ?? 0).astype(np.float32),
  polynomial: (x, coefficients) =>
    coefficients.reduceRight<Tensor>((sum, c) => np.add(np.multiply(sum, x.ref), c), np.zerosLike(x.ref)),
  stopGradient: (x) => lax.stopGradient(x.ref),
  withDerivatives: (value, derivatives) => surrogateDerivatives(jaxOps, value, derivatives),
};
