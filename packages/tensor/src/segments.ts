/**
 * Updates of long flat vectors in parts. An optimizer's step is a chain of elementwise operations on vectors as long as the model: each reads and
 * writes all of memory. Part by part, what one operation writes is in the caches when the next reads it, no more than a part of it is there at a
 * time, and the parameters' gradients need not be joined.
 */
import { concat, reshape } from "./ops/layout.ts";
import { sizeOf } from "./shape.ts";
import { constant, constantOf, Node, readVariable, type Tensor, variableOf } from "./tensor.ts";

/** Consecutive elements of a vector. */
export interface Part {
  readonly offset: number;
  readonly length: number;
}

/** Shorter vectors fit into the caches as they are. */
const leastLength = 2 ** 21;
/** Parameters are put together to parts of at least so many elements: more nodes would cost what the caches save. */
const leastPart = 2 ** 19;

const isVector = ({ shape }: Tensor): boolean => shape.length === 1;

/** Cuts vectors that are computed element by element from variables, constants, and joined vectors such as gradients. */
export class Segments {
  readonly #known = new Map<Tensor, Map<string, Tensor | undefined>>();

  /** The parts of a vector where it can be cut; undefined where it is short, or is no such vector. */
  parts(value: Tensor): readonly (Part & { readonly value: Tensor })[] | undefined {
    if (!isVector(value) || sizeOf(value.shape) < leastLength) return undefined;
    const cuts = cutsOf(value, new Set());
    if (!cuts || cuts.length < 2) return undefined;
    const parts = cuts.map((part) => ({ ...part, value: this.#part(value, part) }));
    return parts.every((part): part is Part & { value: Tensor } => part.value !== undefined) ? parts : undefined;
  }

  /** The elements of a vector from which `value` is computed; what has one element only is the same for all. */
  #part(tensor: Tensor, part: Part): Tensor | undefined {
    if (tensor.rank === 0) return tensor;
    if (!isVector(tensor)) return undefined;
    let known = this.#known.get(tensor);
    if (!known) {
      known = new Map();
      this.#known.set(tensor, known);
    }
    const key = `${part.offset}+${part.length}`;
    if (!known.has(key)) known.set(key, this.#cut(tensor, part));
    return known.get(key);
  }

  #cut(tensor: Tensor, part: Part): Tensor | undefined {
    const { offset, length } = part;
    const read = variableOf(tensor);
    if (read) return readVariable(read.variable, read.offset + offset, [length]);
    const data = constantOf(tensor);
    if (data) return constant(data.subarray(offset, offset + length), [length], tensor.dtype);
    const { node } = tensor;
    if (node.operation.name === "expand" && node.input(0).rank < 2 && sizeOf(node.input(0).shape) === 1) {
      return reshape(node.input(0), []);
    }
    if (node.operation.name === "concat") {
      const inside = joined(node).filter(({ offset: start }) => start >= offset && start < offset + length);
      const isWhole = inside[0]?.offset === offset && inside.reduce((sum, { length: n }) => sum + n, 0) === length;
      return isWhole ? concat(inside.map(({ value }) => value)) : undefined;
    }
    if (!node.operation.isElementwise) return undefined;
    const inputs = node.inputs.map((input) => this.#part(input, part));
    if (!inputs.every((input) => input !== undefined)) return undefined;
    return new Node(node.operation, inputs, node.attributes, [{ shape: [length], dtype: tensor.dtype }]).output();
  }
}

/** The vectors that a node joins, with their places. */
function joined(node: Node): (Part & { readonly value: Tensor })[] {
  let offset = 0;
  return node.inputs.map((value) => {
    const length = sizeOf(value.shape);
    offset += length;
    return { offset: offset - length, length, value };
  });
}

/** Where the first joined vector that `value` is computed from is to be cut. */
function cutsOf({ node }: Tensor, seen: Set<Node>): Part[] | undefined {
  if (seen.has(node)) return undefined;
  seen.add(node);
  if (node.operation.name === "concat" && node.inputs.every(isVector)) {
    const cuts: Part[] = [];
    let [offset, length] = [0, 0];
    for (const part of joined(node)) {
      length += part.length;
      if (length < leastPart) continue;
      cuts.push({ offset, length });
      [offset, length] = [offset + length, 0];
    }
    if (length > 0) cuts.push({ offset, length });
    return cuts;
  }
  if (!node.operation.isElementwise) return undefined;
  for (const input of node.inputs) {
    const cuts = isVector(input) ? cutsOf(input, seen) : undefined;
    if (cuts) return cuts;
  }
  return undefined;
}
