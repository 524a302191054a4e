/**
 * The engine alone: an expression, its gradient and an optimizer become one ONNX graph that fits a small network to a function; then the
 * network is exported for any batch size.
 *
 *   node examples/dist/fitFunction.js
 */
import { writeFileSync } from "node:fs";
import {
  adam,
  compile,
  exportOnnx,
  flatGradient,
  init,
  input,
  LoadedModel,
  linear,
  mean,
  Random,
  State,
  square,
  sub,
  type Tensor,
  tanh,
} from "@era/tensor";

const batch = 128;
const random = new Random(1);
const state = new State();
const parameters = state.parameters("mlp", {
  hidden: init.kaimingNormal(random, [1, 64], 5 / 3),
  hiddenBias: init.uniform(random, [64], 2),
  out: init.xavierNormal(random, [64, 1]),
  outBias: init.zeros([1]),
});

const network = (x: Tensor): Tensor => {
  const { hidden, hiddenBias, out, outBias } = parameters.tensors;
  return linear(tanh(linear(x, hidden, hiddenBias)), out, outBias);
};

const loss = mean(square(sub(network(input("x", [batch, 1])), input("y", [batch, 1]))));
const step = adam({ state, name: "adam" }, parameters.flat, flatGradient(loss, parameters), { learningRate: 1e-2 });
const program = await compile({ outputs: { loss }, updates: step.updates, guard: ["loss"] });

const target = (x: number) => Math.sin(3 * x) * Math.exp(-x * x);
const started = performance.now();
for (let i = 1; i <= 2000; i++) {
  const x = Float32Array.from({ length: batch }, () => 4 * random.uniform() - 2);
  const outputs = await program.run({ x, y: x.map(target) });
  if (i % 500 === 0) console.log(`step ${i}: loss ${Number(outputs.loss[0]).toExponential(2)}`);
}
console.log(`${Math.round(2000 / ((performance.now() - started) / 1000))} updates/s, ${program.nodeCount} ONNX nodes`);

const model = exportOnnx({ y: network(input("x", ["batch", 1])) });
writeFileSync("fit.onnx", model);
const { y } = await (await LoadedModel.load(model)).run({ x: [-1, 0, 0.5] });
console.log(`fit.onnx at -1, 0, 0.5: ${Array.from(y as Float32Array, (value) => value.toFixed(3)).join(", ")}`);
console.log(`the function itself:    ${[-1, 0, 0.5].map((value) => target(value).toFixed(3)).join(", ")}`);
