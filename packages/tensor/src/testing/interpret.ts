/**
 * An eager float64 interpreter of the expression graph, independent of ONNX: the reference that lowering and derivatives are checked
 * against. For tests only.
 */
import { constantOf, inputName, type Node, type Tensor, variableOf } from "../tensor.ts";
import { topologicalOrder } from "../topology.ts";
import { kernels } from "./kernels.ts";
import type { Value } from "./value.ts";

/** The values of the outputs. `feeds` are by input name; variables have their current values. */
export function interpret(
  outputs: readonly Tensor[],
  feeds: Readonly<Record<string, ArrayLike<number>>> = {},
): Float64Array[] {
  const values = new Map<Tensor, Value>();
  const computed = (tensor: Tensor): Value => {
    const value = values.get(tensor);
    if (!value) throw new Error(`interpret: ${tensor} was not computed`);
    return value;
  };
  for (const node of topologicalOrder(outputs)) {
    const results = leaf(node, feeds) ?? kernelOf(node)(node.inputs.map(computed), node);
    node.outputs.forEach((output, i) => {
      const value = results[i];
      if (value?.shape.join() !== output.shape.join() || value.data.some((x) => x === undefined)) {
        throw new Error(`interpret: ${output} was computed as [${value?.shape}]`);
      }
      values.set(output, value);
    });
  }
  return outputs.map((output) => computed(output).data);
}

function kernelOf(node: Node) {
  const kernel = kernels[node.operation.name];
  if (!kernel) throw new Error(`interpret: there is no kernel for ${node.operation.name}`);
  return kernel;
}

function leaf(node: Node, feeds: Readonly<Record<string, ArrayLike<number>>>): readonly Value[] | undefined {
  const output = node.output();
  const shape = output.shape as readonly number[];
  const numbers = (data: ArrayLike<number | bigint>): readonly Value[] => [
    { shape, data: Float64Array.from(Array.from(data, Number)) },
  ];
  const name = inputName(output);
  if (name !== undefined) {
    const fed = feeds[name];
    if (!fed) throw new Error(`interpret: the input "${name}" is missing`);
    return numbers(fed);
  }
  const data = constantOf(output);
  if (data) return numbers(data);
  const read = variableOf(output);
  if (!read) return undefined;
  const size = shape.reduce((product, n) => product * n, 1);
  return numbers(read.variable.buffers[0].subarray(read.offset, read.offset + size));
}
