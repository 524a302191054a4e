/** Checks operations against the float64 interpreter and their derivatives against finite differences. For tests only. */
import { describe, expect, it } from "vitest";
import { isFloat, type TypedArray } from "../dtype.ts";
import { vjp } from "../grad.ts";
import { compile } from "../program.ts";
import { constant, input, type Tensor } from "../tensor.ts";
import { interpret } from "./interpret.ts";
import { type OperationCase, real } from "./operationCases.ts";

type Feeds = Readonly<Record<string, readonly number[]>>;

/** Tensors, each with a fixed direction that its derivatives are taken in. */
interface Directed {
  readonly tensors: readonly Tensor[];
  readonly directions: readonly Tensor[];
}

function directed(tensors: readonly Tensor[]): Directed {
  const directions = tensors.map(({ shape, dtype }, i) => {
    const fixed = shape as readonly number[];
    return constant(real(fixed, -1, 1, 3 + i).values, fixed, dtype);
  });
  return { tensors, directions };
}

const derivatives = ({ tensors, directions }: Directed, by: readonly Tensor[]): Tensor[] =>
  tensors.length ? vjp(tensors, directions, by) : [];

/** The expressions of a case and of its first and second derivatives, for one float type. */
function expressions({ inputs, build, gradient, second }: OperationCase, dtype: "float32" | "float64") {
  const tensors = inputs.map(({ shape, kind }, i) => input(`x${i}`, shape, kind === "float" ? dtype : kind));
  const built = build(...tensors);
  const outputs: readonly Tensor[] = "node" in built ? [built] : built;
  const by = gradient === false ? [] : tensors.filter((tensor) => isFloat(tensor.dtype));
  const values = directed(by.length ? outputs.filter((output) => isFloat(output.dtype)) : []);
  const gradients = directed(derivatives(values, by));
  const seconds = second === false ? [] : derivatives(gradients, by);
  return { tensors, outputs, by, values, gradients, seconds };
}

/** Σ direction·value over all tensors and elements, by the interpreter. */
function directional({ tensors, directions }: Directed, feeds: Feeds): number {
  const values = interpret([...tensors, ...directions], feeds);
  return tensors.reduce((total, _, i) => {
    const [value, direction] = [values[i], values[tensors.length + i]];
    return total + (value?.reduce((sum, v, j) => sum + v * (direction?.[j] ?? Number.NaN), 0) ?? Number.NaN);
  }, 0);
}

/** Central differences of fourth order of `f` in each element of one input. */
function differences(f: (feeds: Feeds) => number, feeds: Feeds, name: string): number[] {
  const values = feeds[name] ?? [];
  const step = 1e-4;
  return values.map((value, i) => {
    const moved = (steps: number) => f({ ...feeds, [name]: values.with(i, value + steps * step) });
    return (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * step);
  });
}

/** Fails where numbers differ by more than `tolerance` times the larger of 1 and the largest of them. */
export function expectClose(
  actual: ArrayLike<number | bigint> | undefined,
  expected: ArrayLike<number | bigint> | undefined,
  tolerance: number,
  what: string,
): void {
  const [a, b] = [Array.from(actual ?? [], Number), Array.from(expected ?? [], Number)];
  expect(a.length, `${what}: number of elements`).toBe(b.length);
  const scale = Math.max(1, ...b.filter(Number.isFinite).map(Math.abs));
  a.forEach((value, i) => {
    const want = b[i] ?? 0;
    if (value === want || Object.is(value, want) || Math.abs(value - want) <= tolerance * scale) return;
    expect.fail(`${what}: element ${i} is ${value}, not ${want}\n  all: ${a.join(", ")}\n  expected: ${b.join(", ")}`);
  });
}

/** Values of the tensors by ONNX Runtime. `inputs` become outputs too, so that each is an input of the graph. */
export async function runTensors(
  tensors: readonly Tensor[],
  inputs: readonly Tensor[],
  feeds: Feeds,
): Promise<TypedArray[]> {
  const name = (i: number) => `y${i}`;
  const program = await compile({
    outputs: Object.fromEntries([...tensors, ...inputs].map((tensor, i) => [name(i), tensor])),
  });
  const results = await program.run(feeds);
  await program.dispose();
  return tensors.map((_, i) => results[name(i)] as TypedArray);
}

/** What ONNX Runtime computes of a case, and what the interpreter says of the same graph. */
async function compare(item: OperationCase, dtype: "float32" | "float64", feeds: Feeds, tolerances: readonly number[]) {
  const { tensors, outputs, gradients, seconds } = expressions(item, dtype);
  const groups = [outputs, gradients.tensors, seconds];
  const all = groups.flat();
  const actual = await runTensors(all, tensors, feeds);
  const expected = interpret(all, feeds);
  all.forEach((tensor, i) => {
    const order = groups.findIndex((group) => group.includes(tensor));
    expectClose(actual[i], expected[i], tolerances[order] ?? 0, `${dtype}, derivative of order ${order}, ${tensor}`);
  });
}

/**
 * Checks a case: float32 values and derivatives of ONNX Runtime are the interpreter's, in float64 too where ONNX Runtime has it, and the
 * derivatives' expressions, interpreted in float64, are the finite differences of what they are derivatives of.
 */
export async function checkCase(item: OperationCase): Promise<void> {
  const feeds = Object.fromEntries(
    item.inputs.map(({ values, kind }, i) => [`x${i}`, kind === "float" ? values.map(Math.fround) : values]),
  );
  const { by, values, gradients, seconds } = expressions(item, "float64");
  const [first, second] = [interpret(gradients.tensors, feeds), interpret(seconds, feeds)];
  by.forEach((_, i) => {
    const name = `x${item.inputs.flatMap(({ kind }, j) => (kind === "float" ? [j] : []))[i]}`;
    const byDifferences = (f: Directed) => differences((moved) => directional(f, moved), feeds, name);
    if (values.tensors.length) expectClose(first[i], byDifferences(values), 1e-8, `derivative by ${name}`);
    if (seconds.length) expectClose(second[i], byDifferences(gradients), 1e-7, `second derivative by ${name}`);
  });
  await compare(item, "float32", feeds, [2e-6, 1e-5, 5e-5]);
  if (item.float64 !== false) await compare(item, "float64", feeds, [1e-13, 1e-12, 1e-11]);
}

/** Tests every operation that a module exports with the cases of its name in the table, and that none of them is missing there. */
export function describeOperations(
  module: Readonly<Record<string, unknown>>,
  table: Readonly<Record<string, readonly OperationCase[]>>,
): void {
  it("has cases for every operation", () => {
    const operations = Object.keys(module).filter((name) => typeof module[name] === "function");
    expect(Object.keys(table).sort()).toEqual(operations.sort());
  });
  describe.each(Object.entries(table))("%s", (_name, cases) => {
    it.each(cases.map((item) => [item.name, item] as const))("%s", (_case, item) => checkCase(item));
  });
}
