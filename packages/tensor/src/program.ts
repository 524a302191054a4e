/** A compiled program: one ONNX graph that computes outputs and advances the state, run by ONNX Runtime. */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { channelBlock } from "./channelBlock.ts";
import { allocate, type DType, type TypedArray, toTypedArray } from "./dtype.ts";
import { buildModel } from "./model.ts";
import { convolves } from "./ops/convolution.ts";
import { Segments } from "./segments.ts";
import { copiesFetches, createSession, runInto, type SessionOptions, tensorMaker } from "./session.ts";
import { fillShape, formatShape, type Shape, ShapeError, sameShape, sizeOf } from "./shape.ts";
import type { Variable } from "./state.ts";
import { inputName, type Tensor, type TensorType, variableOf } from "./tensor.ts";
import { topologicalOrder } from "./topology.ts";

/** What a program computes. */
export interface ProgramSpec<K extends string = string> {
  /** Values returned by every run, by name. */
  readonly outputs: Readonly<Record<K, Tensor>>;
  /** New values of variables, as [variable, value]: written at every run, after all reading. */
  readonly updates?: readonly (readonly [variable: Tensor, value: Tensor])[];
  /**
   * Values written at every run into the arrays that are fed for inputs, as [input, value] of one shape. The arrays must be typed arrays, and the
   * operation that computes a value one that works in place, such as `cachedAttention`; nothing else may read the input.
   */
  readonly overwrites?: readonly (readonly [input: Tensor, value: Tensor])[];
  /** Outputs that must be finite: where one is not, `run` throws NonFiniteError and the state stays as it was. */
  readonly guard?: readonly NoInfer<K>[];
}

export interface CompileOptions extends SessionOptions {
  /** Stores the variables' current values in the graph: ONNX Runtime packs such matrices once. The program then ignores later changes of the state. */
  readonly frozen?: boolean;
}

/** A guarded output was NaN or infinite; the state was not advanced. */
export class NonFiniteError extends Error {
  override name = "NonFiniteError";
  readonly quantity: string;
  readonly value: number;
  constructor(quantity: string, value: number) {
    super(`${quantity} is ${value}`);
    this.quantity = quantity;
    this.value = value;
  }
}

/** Values for the inputs: typed arrays (used without a copy) or lists of numbers. */
export type Feeds = Readonly<Record<string, TypedArray | readonly number[]>>;

interface Fed {
  readonly name: string;
  readonly type: TensorType;
  array: TypedArray | undefined;
  tensor: OrtTensor | undefined;
}

/** A variable's two buffers as ONNX Runtime tensors of one view of it. */
interface VariableView {
  readonly name: string;
  readonly variable: Variable;
  readonly tensors: Map<TypedArray, OrtTensor>;
  readonly offset: number;
  readonly shape: readonly number[];
}

const sentinelName = "@sentinel";
const updateName = (index: number, offset: number): string => `update@${index}${offset > 0 ? `+${offset}` : ""}`;
const overwriteName = (index: number): string => `overwrite@${index}`;

/**
 * Compiles expressions into a program. Throws ShapeError where an update does not have its variable's shape, Error where its target is no
 * variable or is updated twice, or where what is overwritten is no input.
 */
export async function compile<K extends string>(
  { outputs, updates = [], overwrites = [], guard = [] }: ProgramSpec<K>,
  { frozen = false, ...sessionOptions }: CompileOptions = {},
): Promise<Program<K>> {
  if (frozen && updates.length) throw new Error("compile: a frozen program cannot update variables");
  const checked = updates.map(([target, value], i) => {
    const variable = variableOf(target)?.variable;
    if (!variable || !sameShape(target.shape, variable.shape))
      throw new Error(`compile: ${target} is not a whole variable`);
    if (updates.findIndex(([other]) => variableOf(other)?.variable === variable) !== i)
      throw new Error(`compile: variable ${variable.name} is updated twice`);
    if (!sameShape(value.shape, target.shape) || value.dtype !== target.dtype) {
      throw new ShapeError(`compile: variable ${variable.name} ${formatShape(target.shape)} cannot become ${value}`);
    }
    return { variable, value };
  });
  const overwritten = overwrites.map(([target, value], i) => {
    const fed = inputName(target);
    if (fed === undefined) throw new Error(`compile: ${target} is no input, so nothing can be written over it`);
    if (!sameShape(value.shape, target.shape) || value.dtype !== target.dtype) {
      throw new ShapeError(`compile: ${value} cannot be written over the input "${fed}" ${formatShape(target.shape)}`);
    }
    return { name: overwriteName(i), fed, value };
  });
  const written = inParts(checked, [...Object.values<Tensor>(outputs), ...overwritten.map(({ value }) => value)]);
  const makeTensor = await tensorMaker();
  const isWriting = written.length + overwritten.length > 0;
  const values = {
    ...outputs,
    ...Object.fromEntries([...written, ...overwritten].map(({ name, value }) => [name, value])),
  };
  // Outputs can be given buffers where the inputs tell all of their sizes.
  const told = new Set(
    topologicalOrder(Object.values(values)).flatMap(({ outputs: [leaf] }) => dimensionsOfInput(leaf)),
  );
  const canHaveBuffers = Object.values<Tensor>(outputs).every(({ shape }) =>
    shape.every((dim) => typeof dim === "number" || told.has(dim)),
  );
  const sentinel = isWriting && canHaveBuffers && copiesFetches() ? sentinelName : undefined;
  // Where weights are constants, ONNX Runtime chooses the layout itself.
  const block = !frozen && convolves(Object.values<Tensor>(values)) ? await channelBlock(sessionOptions) : 1;
  const model = buildModel(values, {
    frozen,
    external: true,
    channelBlock: block,
    ...(sentinel !== undefined && { sentinel }),
  });
  const session = await createSession(model.bytes, sessionOptions, model.external);
  const view = (name: string, variable: Variable, offset: number, shape: Shape): VariableView => ({
    name,
    variable,
    offset,
    shape: shape as readonly number[],
    tensors: new Map(),
  });
  const reads = [...model.variables].flatMap(([name, tensor]) => {
    const found = variableOf(tensor);
    return found ? [view(name, found.variable, found.offset, tensor.shape)] : [];
  });
  const writes = written.map(({ name, variable, offset, value }) => view(name, variable, offset, value.shape));
  const outputNames = Object.keys(outputs) as K[];
  // Not the tensors themselves: they would keep the whole expression, constants included, as long as the program.
  const outputTypes = new Map(
    Object.entries<Tensor>(outputs).map(([name, { shape, dtype }]) => [name as K, { shape, dtype }] as const),
  );
  const inputs = [...model.inputs].map(
    ([name, { shape, dtype }]): Fed => ({ name, type: { shape, dtype }, array: undefined, tensor: undefined }),
  );
  const { nodeCount } = model;
  return new Program({
    session,
    makeTensor,
    reads,
    writes,
    overwritten: overwritten.map(({ name, fed }) => ({ name, fed })),
    outputNames,
    outputTypes,
    sentinel,
    inputs,
    guard,
    nodeCount,
  });
}

interface Update {
  readonly variable: Variable;
  readonly value: Tensor;
}

/** What is written, and where in the variables: long vectors in parts, unless `others` or other updates need them as a whole. */
function inParts(updates: readonly Update[], others: readonly Tensor[]) {
  const segments = new Segments();
  const written = updates.map(({ value }) => segments.parts(value) ?? [{ offset: 0, value }]);
  const used = new Set(topologicalOrder([...others, ...written.flatMap((parts) => parts.map(({ value }) => value))]));
  const isTwice = updates.some(({ value }, i) => (written[i]?.length ?? 0) > 1 && used.has(value.node));
  return updates.flatMap(({ variable, value }, i) =>
    ((!isTwice && written[i]) || [{ offset: 0, value }]).map((part) => ({
      name: updateName(i, part.offset),
      variable,
      offset: part.offset,
      value: part.value,
    })),
  );
}

const namedDimensions = ({ shape }: TensorType): string[] => shape.filter((dim) => typeof dim === "string");

/** The named dimensions of a tensor that is fed; none of another. */
const dimensionsOfInput = (tensor: Tensor | undefined): string[] =>
  tensor && inputName(tensor) !== undefined ? namedDimensions(tensor) : [];

interface ProgramParts<K extends string> {
  readonly session: InferenceSession;
  readonly makeTensor: (dtype: DType, data: TypedArray, shape: readonly number[]) => OrtTensor;
  readonly reads: readonly VariableView[];
  readonly writes: readonly VariableView[];
  /** Outputs written over what is fed for an input. */
  readonly overwritten: readonly { readonly name: string; readonly fed: string }[];
  readonly outputNames: readonly K[];
  readonly outputTypes: ReadonlyMap<K, TensorType>;
  /** The output that keeps the runtime from copying the others, where it must be kept from it. */
  readonly sentinel: string | undefined;
  readonly inputs: readonly Fed[];
  readonly guard: readonly K[];
  readonly nodeCount: number;
}

export class Program<K extends string = string> {
  readonly #parts: ProgramParts<K>;
  readonly #known: ReadonlySet<string>;
  /** The inputs, those with the fewest named dimensions first: what these are is then known for the others. */
  readonly #slots: readonly Fed[];

  constructor(parts: ProgramParts<K>) {
    this.#parts = parts;
    this.#known = new Set(parts.inputs.map(({ name }) => name));
    this.#slots = parts.inputs.toSorted((a, b) => namedDimensions(a.type).length - namedDimensions(b.type).length);
  }

  /** Number of ONNX nodes as written, before ONNX Runtime's own optimizations. */
  get nodeCount(): number {
    return this.#parts.nodeCount;
  }

  /**
   * Runs once: returns the outputs (fresh arrays, in row-major order) and advances the state. A named dimension has one size in a run; an
   * input with several must leave no more than one that no input with fewer tells.
   * Throws where an input is missing, unknown or of the wrong length, where another run that writes the same variables is under way, and
   * NonFiniteError where a guarded output is not finite; the state is then unchanged.
   */
  async run(feeds: Feeds = {}): Promise<Record<K, TypedArray>> {
    const { reads, writes, overwritten, guard } = this.#parts;
    for (const name of Object.keys(feeds)) {
      if (!this.#known.has(name))
        throw new Error(`run: there is no input "${name}"; inputs are ${[...this.#known].join(", ") || "none"}`);
    }
    const fed: Record<string, OrtTensor> = {};
    const sizes = new Map<string, number>();
    for (const slot of this.#slots) fed[slot.name] = this.#feed(slot, feeds[slot.name], sizes);
    for (const read of reads) fed[read.name] = this.#bound(read, read.variable.buffers[0]);

    const fetches: Record<string, OrtTensor | null> = {};
    for (const { name, fed: target } of overwritten) {
      if (Array.isArray(feeds[target]))
        throw new TypeError(`run: the input "${target}" is overwritten, so it must be a typed array`);
      fetches[name] = fed[target] ?? null;
    }
    for (const write of writes) {
      const { variable } = write;
      if (variable.busy)
        throw new Error(`run: variable "${variable.name}" is being written by a run; await that first`);
      variable.buffers[1] ??= allocate(variable.dtype, variable.buffers[0].length);
      fetches[write.name] = this.#bound(write, variable.buffers[1]);
    }

    const variables = new Set(writes.map(({ variable }) => variable));
    for (const variable of variables) variable.busy = true;
    try {
      const outputs = await this.#fetch(fed, fetches, sizes);
      for (const name of guard) {
        for (const value of outputs[name]) {
          if (!Number.isFinite(Number(value))) throw new NonFiniteError(name, Number(value));
        }
      }
      for (const variable of variables) {
        const [current, next] = variable.buffers;
        if (next) variable.buffers = [next, current];
      }
      return outputs;
    } finally {
      for (const variable of variables) variable.busy = false;
    }
  }

  /** Runs the session and returns the outputs; what else is in `fetches` has been written then. */
  async #fetch(
    fed: Record<string, OrtTensor>,
    fetches: Record<string, OrtTensor | null>,
    sizes: ReadonlyMap<string, number>,
  ): Promise<Record<K, TypedArray>> {
    const { session, outputNames, outputTypes, sentinel, makeTensor } = this.#parts;
    const outputs = {} as Record<K, TypedArray>;
    if (sentinel === undefined) {
      for (const name of outputNames) fetches[name] = null;
      const results = await session.run(fed, fetches);
      for (const name of outputNames) outputs[name] = results[name]?.data as TypedArray;
      return outputs;
    }
    fetches[sentinel] = null;
    for (const [name, { dtype, shape }] of outputTypes) {
      const actual = shape.map((dim) => (typeof dim === "number" ? dim : (sizes.get(dim) ?? 0)));
      outputs[name] = allocate(dtype, sizeOf(actual));
      fetches[name] = makeTensor(dtype, outputs[name], actual);
    }
    await runInto(session, fed, fetches);
    return outputs;
  }

  /** Frees the session. */
  async dispose(): Promise<void> {
    await this.#parts.session.release();
  }

  #feed(slot: Fed, values: TypedArray | readonly number[] | undefined, sizes: Map<string, number>): OrtTensor {
    const { name, type } = slot;
    if (values === undefined) throw new Error(`run: the input "${name}" ${formatShape(type.shape)} is missing`);
    const array = fedArray(name, type.dtype, values);
    const shape = fillShape(name, type.shape, array.length, sizes);
    if (slot.tensor && slot.array === array && sameShape(slot.tensor.dims, shape)) return slot.tensor;
    slot.array = array;
    slot.tensor = this.#parts.makeTensor(type.dtype, array, shape);
    return slot.tensor;
  }

  #bound(view: VariableView, buffer: TypedArray): OrtTensor {
    let tensor = view.tensors.get(buffer);
    if (!tensor) {
      const { variable, offset, shape } = view;
      tensor = this.#parts.makeTensor(variable.dtype, buffer.subarray(offset, offset + sizeOf(shape)), shape);
      view.tensors.set(buffer, tensor);
    }
    return tensor;
  }
}

function fedArray(name: string, dtype: DType, values: TypedArray | readonly number[]): TypedArray {
  try {
    return toTypedArray(dtype, values);
  } catch (error) {
    throw new TypeError(`run: the input "${name}": ${(error as Error).message}`);
  }
}
