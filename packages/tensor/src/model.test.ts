/** What is written of expressions: how many nodes, under which names, and models that run without this package. */
import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { grad } from "./grad.ts";
import { orthogonal, zeros } from "./initializers.ts";
import { LoadedModel } from "./loadedModel.ts";
import { buildModel, exportOnnx } from "./model.ts";
import { ModelProtoSchema } from "./onnx/onnx_pb.ts";
import { add, div, elu, exp, mul, neg, sin, square, tanh } from "./ops/elementwise.ts";
import { reshape, split } from "./ops/layout.ts";
import { linear } from "./ops/linear.ts";
import { layerNorm } from "./ops/normalization.ts";
import { mean, sum } from "./ops/reduce.ts";
import { compile } from "./program.ts";
import { Random } from "./random.ts";
import { State } from "./state.ts";
import { constant, input, type Tensor } from "./tensor.ts";
import { expectClose } from "./testing/checkOperation.ts";
import { interpret } from "./testing/interpret.ts";

const x = input("x", [2, 3]);
const feed = { x: [1, 2, 3, 4, 5, 6] };

/** The operations written for the outputs, sorted. */
function written(outputs: Record<string, Tensor>): string[] {
  const { graph } = fromBinary(ModelProtoSchema, buildModel(outputs).bytes);
  return (graph?.node ?? []).map(({ opType }) => opType).sort();
}

async function run(outputs: Record<string, Tensor>, feeds: Record<string, readonly number[]> = feed) {
  const program = await compile({ outputs });
  const results = await program.run(feeds);
  await program.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, Array.from(values, Number)]));
}

describe("the graph that is written", () => {
  it("has equal expressions once", () => {
    const again = () => exp(add(mul(x, 3), 1));
    expect(written({ y: add(again(), again()) })).toEqual(["Add", "Add", "Exp", "Mul"]);
  });

  it("keeps apart what differs in an attribute or a constant only", () => {
    expect(written({ y: add(sum(x, 0), sum(x, 0, true)) })).toEqual(["Add", "ReduceSum", "ReduceSum"]);
    expect(written({ y: add(add(x, 0.1), add(x, 0.2)) })).toEqual(["Add", "Add", "Add"]);
    expect(written({ y: div(add(x, constant(0)), constant([-0])) })).toEqual(["Div"]);
  });

  it("merges products with numbers and reshapes in a row", () => {
    expect(written({ y: mul(div(neg(x), 4), 2) })).toEqual(["Mul"]);
    expect(written({ y: add(neg(neg(x)), x) })).toEqual(["Add"]);
    expect(written({ y: reshape(reshape(reshape(x, [6]), [3, 2]), [1, 6]) })).toEqual(["Reshape"]);
    expect(written({ y: exp(reshape(reshape(x, [6]), [2, 3])) })).toEqual(["Exp"]);
  });

  it("folds arithmetic on numbers and leaves out what changes nothing", () => {
    expect(written({ y: mul(x, add(constant(2), 3)) })).toEqual(["Mul"]);
    expect(written({ y: exp(add(mul(x, 1), 0)) })).toEqual(["Exp"]);
  });

  it("does not have what no output needs", () => {
    const unused = split(exp(x), [1, 1])[0] as Tensor;
    expect(written({ y: tanh(x) })).toEqual(["Tanh"]);
    expect(written({ y: tanh(unused) })).toEqual(["Exp", "Split", "Tanh"]);
    // The value that the merged product would have had is not computed.
    const { bytes, nodeCount } = buildModel({ y: mul(mul(x, 5), 7) });
    expect(nodeCount).toBe(1);
    expect(fromBinary(ModelProtoSchema, bytes).graph?.initializer).toHaveLength(1);
  });

  it("takes inputs of one name as one, if they agree", async () => {
    const twice = { y: add(input("x", [2, 3]), input("x", [2, 3])) };
    expect((await run(twice)).y).toEqual([2, 4, 6, 8, 10, 12]);
    expect(() => buildModel({ y: add(x, input("x", [3])) })).toThrow(
      'input "x" is both [2, 3] float32 and [3] float32',
    );
  });

  it("names nothing as inputs and outputs are named", async () => {
    const a = input("Mul_0", [2]);
    const b = input("constant_0", [2]);
    const results = await run({ Add_1: add(mul(a, b), 5), Mul_1: mul(a, 3) }, { Mul_0: [1, 2], constant_0: [3, 4] });
    expect(results).toEqual({ Add_1: [8, 13], Mul_1: [3, 6] });
  });

  it("refuses an output with an input's name", () => {
    expect(() => buildModel({ x: exp(x) })).toThrow('output "x": an input has that name');
  });

  it("gives inputs, constants, variables and one value twice as outputs", async () => {
    const state = new State();
    const variable = state.variable("v", [7, 8]);
    const y = exp(x);
    const results = await run({
      input: x,
      constant: constant([1, 2]),
      variable,
      number: constant(3),
      first: y,
      second: y,
      shaped: reshape(x, [6]),
    });
    expect(results).toMatchObject({ input: feed.x, constant: [1, 2], variable: [7, 8], number: [3], shaped: feed.x });
    expect(results.first).toEqual(results.second);
  });

  it("tells variables of one name in two states apart", async () => {
    const [first, second] = [new State().variable("v", 10), new State().variable("v", 1)];
    expect(await run({ y: mul(first, add(second, 1)), z: mul(second, 3) }, {})).toEqual({ y: [20], z: [3] });
  });
});

describe("a chain of 10,000 operations", () => {
  let y: Tensor = input("x", [2]);
  for (let i = 0; i < 5000; i++) y = add(sin(y), 0.001);

  it("is differentiated, interpreted and written without overflowing the stack", () => {
    const gradients = grad(sum(y), [input("x", [2])]);
    expect(buildModel({ y, gradient: gradients[0] as Tensor }).nodeCount).toBeGreaterThan(10_000);
    const value = [0.5, 1].map((start) => {
      let v = start;
      for (let i = 0; i < 5000; i++) v = Math.sin(v) + Math.fround(0.001);
      return v;
    });
    expect(Array.from(interpret([y], { x: [0.5, 1] })[0] ?? [])).toEqual(value);
  });
});

/** A small policy with layer normalization, for any number of observations. */
function policy() {
  const random = new Random(1);
  const state = new State();
  const { tensors } = state.parameters("actor", {
    w1: orthogonal(random, [4, 8]),
    b1: zeros([8]),
    scale: { shape: [8], dtype: "float32", data: Float32Array.from({ length: 8 }, (_, i) => 1 + i / 8) },
    shift: zeros([8]),
    w2: orthogonal(random, [8, 3]),
    b2: zeros([3]),
  });
  const observation = input("observation", ["batch", 4]);
  const hidden = elu(layerNorm(linear(observation, tensors.w1, tensors.b1), tensors.scale, tensors.shift));
  const action = tanh(linear(hidden, tensors.w2, tensors.b2));
  return { state, outputs: { action, size: mean(square(action), -1) } };
}

const observations = (batch: number) => Float32Array.from({ length: 4 * batch }, (_, i) => Math.sin(1 + i));

describe("an exported model", () => {
  it.each([1, 2, 7])("runs in plain ONNX Runtime for a batch of %d, as the program does", async (batch) => {
    const { outputs } = policy();
    const data = observations(batch);
    const session = await InferenceSession.create(exportOnnx(outputs));
    const exported = await session.run({ observation: new OrtTensor("float32", data, [batch, 4]) });
    expect(session.inputNames).toEqual(["observation"]);
    expect(exported.action?.dims).toEqual([batch, 3]);
    expect(exported.size?.dims).toEqual([batch]);

    const program = await compile({ outputs });
    const results = await program.run({ observation: data });
    expectClose(exported.action?.data as Float32Array, results.action, 1e-6, "action");
    expectClose(exported.size?.data as Float32Array, results.size, 1e-6, "size");
    const single = await program.run({ observation: data.subarray(0, 4) });
    expectClose(single.action, results.action.subarray(0, 3) as Float32Array, 1e-6, "first action");
  });

  it("holds the values of the moment, and metadata", async () => {
    const { state, outputs } = policy();
    const before = exportOnnx(outputs, { kind: "policy", step: "3" });
    for (const { data } of Object.values(state.arrays())) (data as Float32Array).fill(0);
    const model = await LoadedModel.load(before);
    const { action } = await model.run({ observation: observations(2) });
    expect(Array.from(action ?? [], Number).every((value) => value !== 0)).toBe(true);
    const entries = fromBinary(ModelProtoSchema, before).metadataProps.map(({ key, value }) => [key, value]);
    expect(entries).toEqual([
      ["kind", "policy"],
      ["step", "3"],
    ]);
  });

  it("is described and checked when loaded", async () => {
    const model = await LoadedModel.load(exportOnnx(policy().outputs));
    expect(model.inputs).toEqual([{ name: "observation", shape: ["batch", 4], dtype: "float32" }]);
    expect(model.outputs.map(({ name }) => name)).toEqual(["action", "size"]);
    await expect(model.run({})).rejects.toThrow('run: the input "observation" is missing');
    await expect(model.run({ other: [1] })).rejects.toThrow('there is no input "other"; inputs are observation');
    await expect(model.run({ observation: [1, 2, 3] })).rejects.toThrow('"observation" needs [batch, 4] values, not 3');
    await expect(LoadedModel.load(Uint8Array.of(1, 2, 3))).rejects.toThrow("not an ONNX model that can be run: ");
  });
});
