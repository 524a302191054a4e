/** Cases of operations, for tables of tests: what is applied to which inputs. */
import type { Tensor } from "../tensor.ts";

/** An input of a case. A "float" one is float32 or float64, as the check needs it, and is differentiated. */
export interface CaseInput {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly kind: "float" | "int64" | "int32" | "bool";
}

export interface OperationCase {
  /** What is special about it; unique for its operation. */
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  readonly build: (...inputs: readonly Tensor[]) => Tensor | readonly Tensor[];
  /** false: only the values are checked. */
  readonly gradient?: false;
  /** false: there is no second derivative to check. */
  readonly second?: false;
  /** false: ONNX Runtime cannot run it in float64. */
  readonly float64?: false;
}

/** Numbers spread evenly over (low, high) in scattered order, no two alike; another `phase` gives other numbers. */
export function real(shape: readonly number[], low = -2, high = 2, phase = 0): CaseInput {
  const size = shape.reduce((product, n) => product * n, 1);
  const golden = (Math.sqrt(5) - 1) / 2;
  const values = Array.from({ length: size }, (_, i) => low + (high - low) * (((i + 1 + phase * 0.37) * golden) % 1));
  return { shape, values, kind: "float" };
}

/** These numbers. */
export const given = (
  values: readonly number[],
  shape: readonly number[] = [values.length],
  kind: CaseInput["kind"] = "float",
): CaseInput => ({ shape, values, kind });

const shapeName = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** A function of one tensor at ranks 0 to 4, on numbers between low and high. */
export function unaryCases(
  f: (x: Tensor) => Tensor,
  [low, high]: readonly [low: number, high: number] = [-2, 2],
  options: Partial<OperationCase> = {},
): OperationCase[] {
  return [[], [5], [2, 3], [2, 1, 3], [1, 2, 2, 2]].map((shape) => ({
    name: shapeName(shape),
    inputs: [real(shape, low, high)],
    build: f,
    ...options,
  }));
}

/** A function of two tensors: broadcast on either side, both sides, from rank 0 to 4, with numbers, and with the same tensor twice. */
export function binaryCases(
  f: (a: Tensor | number, b: Tensor | number) => Tensor,
  [low, high]: readonly [low: number, high: number] = [-2, 2],
  options: Partial<OperationCase> = {},
): OperationCase[] {
  const shapes: [number[], number[]][] = [
    [[], []],
    [[3], []],
    [[], [2, 2]],
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [3]],
    [[3], [2, 3]],
    [
      [2, 1],
      [1, 3],
    ],
    [
      [2, 1, 3],
      [2, 1],
    ],
    [
      [1, 2, 1, 2],
      [2, 2, 1, 1],
    ],
  ];
  const number = (low + high) / 2 + 0.317;
  return [
    ...shapes.map(([p, q]) => ({
      name: `${shapeName(p)} with ${shapeName(q)}`,
      inputs: [real(p, low, high, 1), real(q, low, high, 2)],
      build: f,
    })),
    { name: "a tensor and a number", inputs: [real([2, 2], low, high)], build: (x: Tensor) => f(x, number) },
    { name: "a number and a tensor", inputs: [real([2, 2], low, high)], build: (x: Tensor) => f(number, x) },
    {
      name: "an expression of x with x",
      inputs: [real([3], low, high)],
      build: (x: Tensor) => f(f(x, number), x),
    },
  ].map((item) => ({ ...item, ...options }));
}
