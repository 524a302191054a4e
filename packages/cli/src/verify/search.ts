/** Adversarial search: gradient descent on a claim's quantity, through the activation, from many starting points at once. */
import { abs, add, compile, div, grad, input, max, mul, type Program, sub, sum, type Tensor } from "@era/tensor";
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
  readonly steps: number;
  readonly seed: number;
}

/** Lengths of the first and the last step, in raw units: wide enough to cross the plateaus, fine enough for 1e-4 nat in 61 dimensions. */
const [FIRST_STEP, LAST_STEP] = [2, 1e-7];

/**
 * Minimizes the claim's quantity over the raw inputs. Each row moves against its gradient, scaled to a largest element of the step's length (gradients vanish
 * where softmax and tanh saturate; their directions do not), with lengths that fall geometrically.
 */
export async function search(claim: Claim, precision: Precision, options: SearchOptions): Promise<SearchResult> {
  const { rows, steps, seed } = options;
  const random = new Scatter(seed);
  const allocate = (length: number) => (precision === "float64" ? new Float64Array(length) : new Float32Array(length));
  let raw: Record<string, Float64Array | Float32Array> = Object.fromEntries(
    Object.entries(claim.inputs).map(([name, width]) => {
      const values = allocate(rows * width);
      startRows(name, values, width, random);
      return [name, values];
    }),
  );
  const program = await descent(claim, precision, rows);
  let worst = Number.POSITIVE_INFINITY;
  try {
    for (let step = 0; step <= steps; step++) {
      const length = FIRST_STEP * (LAST_STEP / FIRST_STEP) ** (step / steps);
      const outputs = await program.run({ ...raw, length: allocate(1).fill(length) });
      const quantity = outputs.quantity as Float64Array;
      for (const value of quantity) {
        // A NaN is no entropy at all: it breaks every floor.
        if (!(value >= worst)) worst = Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
      }
      raw = Object.fromEntries(Object.keys(raw).map((name) => [name, outputs[nextOf(name)] as Float64Array]));
    }
  } finally {
    await program.dispose();
  }
  return { worst, evaluations: rows * (steps + 1) };
}

/** The program of one step: the quantity at the raw inputs, and the raw inputs of the next one. */
function descent(claim: Claim, precision: Precision, rows: number): Promise<Program> {
  const length = input("length", [1], precision);
  const raw: Record<string, Tensor> = {};
  for (const [name, width] of Object.entries(claim.inputs)) raw[name] = input(name, [rows, width], precision);
  const quantity = claim.quantity(raw);
  const gradients = grad(sum(quantity), Object.values(raw));
  const next = Object.entries(raw).map(([name, x], i): [string, Tensor] => {
    const gradient = gradients[i];
    if (!gradient) throw new Error(`no gradient reaches ${name}`);
    // No smaller: ONNX Runtime takes a float64 summand for zero, and drops it, if float32 would round it to zero.
    const scale = add(max(abs(gradient), -1, true), 1e-36);
    return [nextOf(name), sub(x, mul(length, div(gradient, scale)))];
  });
  return compile({ outputs: { quantity, ...Object.fromEntries(next) } });
}

const nextOf = (name: string): string => `next ${name}`;
