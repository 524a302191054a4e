/** Adversarial search: gradient descent on a claim's quantity, through the activation, from many starting points at once. */
import {
  abs,
  add,
  compile,
  constant,
  div,
  grad,
  input,
  max,
  mul,
  type Program,
  sign,
  sub,
  sum,
  type Tensor,
} from "@era/tensor";
import type { Claim } from "./claim.ts";
import { Scatter } from "./random.ts";
import { startRows } from "./starts.ts";

export type Precision = "float64" | "float32";

export interface SearchResult {
  /** The smallest value met, at any step from any start. */
  readonly worst: number;
  /** Evaluations of the activation, one per row and step. */
  readonly evaluations: number;
}

export interface SearchOptions {
  readonly rows: number;
  /** Steps of each descent. */
  readonly steps: number;
  /** Descents: the first from {@link startRows}, each later one from the best point so far, shaken. */
  readonly rounds: number;
  readonly seed: number;
}

/**
 * Lengths of a descent's first and last step, in raw units: the first wide enough to cross the plateaus; those from a shaken best point keep its structure; the
 * last of several only polishes what was found, to less than 1e-4 nat in 61 dimensions.
 */
const WIDE = [2, 1e-7] as const;
const SHAKEN = [0.2, 1e-7] as const;
const POLISH = [1e-2, 1e-9] as const;

type Rows = Record<string, Float64Array | Float32Array>;

/**
 * Minimizes the claim's quantity over the raw inputs. Each row moves against its gradient, with lengths that fall geometrically. Gradients vanish where softmax and
 * tanh saturate, so only their directions count: even rows move along the gradient, scaled to a largest element of the step's length, odd rows along its signs.
 */
export async function search(claim: Claim, precision: Precision, options: SearchOptions): Promise<SearchResult> {
  const { rows, steps, rounds, seed } = options;
  const random = new Scatter(seed);
  const allocate = (length: number) => (precision === "float64" ? new Float64Array(length) : new Float32Array(length));
  const inputs = Object.entries(claim.inputs);
  let raw: Rows = {};
  for (const [name, width] of inputs) {
    const values = allocate(rows * width);
    startRows(name, values, width, random);
    raw[name] = values;
  }
  let worst = Number.POSITIVE_INFINITY;
  let best: Rows = {};
  const program = await descent(claim, precision, rows);
  try {
    for (let round = 0; round < rounds; round++) {
      const isPolish = round > 0 && round === rounds - 1;
      if (round > 0) raw = shaken(best, rows, allocate, random, isPolish ? [1e-4, 1e-3, 1e-2] : [0.1, 1, 5, 30]);
      const [first, last] = isPolish ? POLISH : round > 0 ? SHAKEN : WIDE;
      for (let step = 0; step <= steps; step++) {
        const length = first * (last / first) ** (step / steps);
        const outputs = await program.run({ ...raw, length: allocate(1).fill(length) });
        const row = smallest(outputs.quantity as Float64Array);
        const value = Number(outputs.quantity?.[row]);
        if (!(value >= worst)) {
          // A NaN is no entropy at all: it breaks every floor.
          worst = Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
          best = Object.fromEntries(inputs.map(([name, width]) => [name, rowOf(raw[name] ?? allocate(0), row, width)]));
        }
        raw = Object.fromEntries(inputs.map(([name]) => [name, outputs[nextOf(name)] as Float64Array]));
      }
    }
  } finally {
    await program.dispose();
  }
  return { worst, evaluations: rows * (steps + 1) * rounds };
}

/** The index of the smallest element; of a NaN where there is one. */
function smallest(values: Float64Array): number {
  let index = 0;
  for (let i = 0; i < values.length; i++) {
    if (!((values[i] ?? Number.NaN) >= (values[index] ?? Number.NaN))) index = i;
    if (Number.isNaN(values[index])) return index;
  }
  return index;
}

const rowOf = (values: Float64Array | Float32Array, row: number, width: number) =>
  values.slice(row * width, (row + 1) * width);

/** The best row as it is, and `rows − 1` copies with some of their elements moved, by one of the scales or (if these are wide) to where another one stands. */
function shaken(
  best: Rows,
  rows: number,
  allocate: (length: number) => Float64Array | Float32Array,
  random: Scatter,
  scales: readonly number[],
): Rows {
  const swaps = Math.max(...scales) > 1 ? 0.5 : 0;
  return Object.fromEntries(
    Object.entries(best).map(([name, source]) => {
      const width = source.length;
      const values = allocate(rows * width);
      for (let row = 0; row < rows; row++) {
        values.set(source, row * width);
        const moved = row === 0 || name === "mean" || name === "delta" ? 0 : 1 + random.below(Math.min(3, width));
        for (let i = 0; i < moved; i++) {
          const target = row * width + random.below(width);
          values[target] =
            random.uniform() < swaps
              ? (source[random.below(width)] ?? 0)
              : (values[target] ?? 0) + random.pick(scales) * random.bell();
        }
      }
      return [name, values];
    }),
  );
}

/** The program of one step: the quantity at the raw inputs, and the raw inputs of the next one. */
function descent(claim: Claim, precision: Precision, rows: number): Promise<Program> {
  const length = input("length", [1], precision);
  const signed = constant(
    Array.from({ length: rows }, (_, row) => row % 2),
    [rows, 1],
    precision,
  );
  const raw: Record<string, Tensor> = {};
  for (const [name, width] of Object.entries(claim.inputs)) raw[name] = input(name, [rows, width], precision);
  const quantity = claim.quantity(raw);
  const gradients = grad(sum(quantity), Object.values(raw));
  const next = Object.entries(raw).map(([name, x], i): [string, Tensor] => {
    const gradient = gradients[i];
    // A learned δ has none by design; it stays where its row began.
    if (!gradient || name === "delta") return [nextOf(name), add(x, 0)];
    // No smaller: ONNX Runtime takes a float64 summand for zero, and drops it, if float32 would round it to zero.
    const scale = add(max(abs(gradient), -1, true), 1e-36);
    const direction = add(mul(signed, sign(gradient)), mul(sub(1, signed), div(gradient, scale)));
    return [nextOf(name), sub(x, mul(length, direction))];
  });
  return compile({ outputs: { quantity, ...Object.fromEntries(next) } });
}

const nextOf = (name: string): string => `next ${name}`;
