/**
 * The expression graph. A `Tensor` is an immutable value in it: one output of a `Node`, with a fixed shape and element type.
 * Nothing is computed here; `grad` differentiates expressions into expressions and `compile` runs them.
 */
import type { DType, TypedArray } from "./dtype.ts";
import { toTypedArray } from "./dtype.ts";
import type { Emitter } from "./emitter.ts";
import { formatShape, requireShape, type Shape, ShapeError, sizeOf } from "./shape.ts";
import type { Variable } from "./state.ts";

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** The attributes of a node: plain data, so that equal nodes can be recognised and printed. */
export type Attributes = Readonly<Record<string, unknown>>;

/** How one operation is lowered and differentiated. Every operation of the library is one such entry in `ops/`. */
export interface Operation<A extends Attributes> {
  readonly name: string;
  /** Each element of the output depends on the inputs' elements at its place, or on the one that they have. */
  readonly isElementwise?: true;
  /** Emits the ONNX nodes of `node` and returns the names of its outputs. */
  lower(emit: Emitter, inputs: readonly string[], node: Node<A>): readonly string[];
  /**
   * The vector-Jacobian product: from the gradient of each output (undefined where none flows) the gradient of each input, undefined where it
   * is zero or the input is not differentiable. `wanted[i]` says whether the gradient of input i is used at all. Absent: not differentiable.
   */
  readonly vjp?: (
    gradients: readonly (Tensor | undefined)[],
    node: Node<A>,
    wanted: readonly boolean[],
  ) => readonly (Tensor | undefined)[];
}

/** One application of an operation to its inputs. */
export class Node<A extends Attributes = Attributes> {
  readonly operation: Operation<A>;
  readonly inputs: readonly Tensor[];
  readonly attributes: A;
  readonly outputs: readonly Tensor[];

  constructor(operation: Operation<A>, inputs: readonly Tensor[], attributes: A, types: readonly TensorType[]) {
    for (const { shape } of types) requireShape(operation.name, shape);
    this.operation = operation;
    this.inputs = inputs;
    this.attributes = attributes;
    // The node's own attribute type matters only to its operation; to the graph every node is alike.
    this.outputs = types.map((type, index) => new Tensor(this as unknown as Node, index, type));
  }

  /** The input at an index that the operation knows it has. */
  input(index: number): Tensor {
    const tensor = this.inputs[index];
    if (!tensor) throw new Error(`${this.operation.name}: has no input ${index}`);
    return tensor;
  }

  /** The output at an index that the operation knows it has. */
  output(index = 0): Tensor {
    const tensor = this.outputs[index];
    if (!tensor) throw new Error(`${this.operation.name}: has no output ${index}`);
    return tensor;
  }
}

/** A value of the expression graph: `shape` and `dtype` are known, the elements are not until a program runs. */
export class Tensor {
  readonly node: Node;
  readonly index: number;
  readonly shape: Shape;
  readonly dtype: DType;

  constructor(node: Node, index: number, type: TensorType) {
    this.node = node;
    this.index = index;
    this.shape = type.shape;
    this.dtype = type.dtype;
  }

  get rank(): number {
    return this.shape.length;
  }

  toString(): string {
    return `${this.node.operation.name}${formatShape(this.shape)} ${this.dtype}`;
  }
}

/** Applies an operation with one output. */
export function apply<A extends Attributes>(
  operation: Operation<A>,
  inputs: readonly Tensor[],
  attributes: A,
  type: TensorType,
): Tensor {
  return new Node(operation, inputs, attributes, [type]).output();
}

const leaf = (name: string): Operation<Attributes> => ({
  name,
  lower() {
    throw new Error(`${name}: a leaf is not lowered by itself`);
  },
});

interface InputAttributes extends Attributes {
  readonly name: string;
}
interface ConstantAttributes extends Attributes {
  readonly data: TypedArray;
}
interface VariableAttributes extends Attributes {
  readonly variable: Variable;
  readonly offset: number;
}

const inputOperation = leaf("input") as unknown as Operation<InputAttributes>;
const variableOperation = leaf("variable") as unknown as Operation<VariableAttributes>;
const constantOperation: Operation<ConstantAttributes> = {
  name: "constant",
  lower: (emit, _inputs, node) => {
    const { shape, dtype } = node.output();
    return [emit.constant(dtype, shape as readonly number[], node.attributes.data)];
  },
};

/** A value fed at every run, under `name`. A leading named dimension ("batch") is allowed in graphs for export. */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Tensor {
  return apply(inputOperation, [], { name }, { shape, dtype });
}

/** A fixed value. Throws ShapeError where the number of values is not that of the shape. */
export function constant(
  values: number | readonly number[] | TypedArray,
  shape?: readonly number[],
  dtype: DType = "float32",
): Tensor {
  const list = typeof values === "number" ? [values] : values;
  const actual = shape ?? (typeof values === "number" ? [] : [list.length]);
  if (sizeOf(actual) !== list.length) {
    throw new ShapeError(`constant: ${list.length} values do not fill the shape ${formatShape(actual)}`);
  }
  return apply(constantOperation, [], { data: toTypedArray(dtype, list) }, { shape: actual, dtype });
}

/** The current value of a state variable, or of `shape` elements of it from `offset` on. Use `State`'s methods. */
export function readVariable(variable: Variable, offset: number, shape: readonly number[]): Tensor {
  return apply(variableOperation, [], { variable, offset }, { shape, dtype: variable.dtype });
}

export const inputName = (tensor: Tensor): string | undefined =>
  tensor.node.operation === (inputOperation as unknown) ? (tensor.node.attributes as InputAttributes).name : undefined;

export const variableOf = (tensor: Tensor): VariableAttributes | undefined =>
  tensor.node.operation === (variableOperation as unknown) ? (tensor.node.attributes as VariableAttributes) : undefined;

export const constantOf = (tensor: Tensor): TypedArray | undefined =>
  tensor.node.operation === (constantOperation as unknown)
    ? (tensor.node.attributes as ConstantAttributes).data
    : undefined;

/** The number of a constant with a single element and no axes, else undefined. */
export function scalarOf(tensor: Tensor): number | undefined {
  if (tensor.rank > 0) return undefined;
  const data = constantOf(tensor);
  return data === undefined ? undefined : Number(data[0]);
}
