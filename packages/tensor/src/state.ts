/**
 * Named state that programs own: parameters, optimizer moments, targets, counters. A variable has two buffers; a program reads the
 * current one and writes the other, and then they change places: state advances without a copy, and a failed run leaves it as it was.
 */
import { allocate, type DType, holds, type TypedArray, toTypedArray } from "./dtype.ts";
import { slice } from "./ops/layout.ts";
import { formatShape, requireShape, ShapeError, sameShape, sizeOf } from "./shape.ts";
import { readVariable, type Tensor, variableOf } from "./tensor.ts";

/** One named array of the state. `layout` names the parts of a flat vector of parameters. */
export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly layout?: Readonly<Record<string, { readonly offset: number; readonly shape: readonly number[] }>>;
  /** The current buffer and, once a program writes the variable, the one to be written next. */
  buffers: [current: TypedArray, next: TypedArray | undefined];
  /** A run is writing the next buffer. */
  busy: boolean;
}

/** An array with its shape and element type, as state is saved and loaded. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: TypedArray;
}

/** Initial values by name, for `State.parameters`. */
export type InitialParameters = Readonly<Record<string, NamedArray>>;

/** A group of parameters that lie in one flat vector: optimizers work on `flat`, expressions on `tensors`. */
export interface Parameters<K extends string = string> {
  /** The whole group as `[total]`. */
  readonly flat: Tensor;
  /** Each parameter with its own shape: a view of the flat vector, without a copy. */
  readonly tensors: Readonly<Record<K, Tensor>>;
}

export class State {
  readonly #variables = new Map<string, Variable>();

  get variables(): Iterable<Variable> {
    return this.#variables.values();
  }

  /** Adds a variable with these values (a number fills it) and returns the tensor that reads it. Throws where the name is taken. */
  variable(
    name: string,
    values: number | TypedArray | readonly number[],
    shape?: readonly number[],
    dtype: DType = "float32",
  ): Tensor {
    const actual = shape ?? (typeof values === "number" ? [] : [values.length]);
    const size = sizeOf(actual);
    const data = typeof values === "number" ? filled(dtype, size, values) : toTypedArray(dtype, values).slice();
    if (data.length !== size) {
      throw new ShapeError(`variable ${name}: ${data.length} values do not fill the shape ${formatShape(actual)}`);
    }
    return readVariable(this.#add({ name, shape: actual, dtype, buffers: [data, undefined], busy: false }), 0, actual);
  }

  /** Adds a group of float32 parameters as one flat vector. A part's saved name is `<group>.<part>`. */
  parameters<K extends string>(name: string, initial: Readonly<Record<K, NamedArray>>): Parameters<K> {
    const parts = Object.entries(initial) as [K, NamedArray][];
    const total = parts.reduce((sum, [, part]) => sum + part.data.length, 0);
    const data = new Float32Array(total);
    const layout: Record<string, { offset: number; shape: readonly number[] }> = {};
    let offset = 0;
    for (const [key, part] of parts) {
      requireShape(`parameters ${name}.${key}`, part.shape);
      if (part.dtype !== "float32" || part.data.length !== sizeOf(part.shape)) {
        throw new ShapeError(`parameters ${name}.${key}: needs ${formatShape(part.shape)} float32 values`);
      }
      data.set(part.data as Float32Array, offset);
      layout[key] = { offset, shape: part.shape };
      offset += part.data.length;
    }
    const variable = this.#add({
      name,
      shape: [total],
      dtype: "float32",
      layout,
      buffers: [data, undefined],
      busy: false,
    });
    const tensors = parts.map(([key, { shape }]) => [key, readVariable(variable, layout[key]?.offset ?? 0, shape)]);
    return { flat: readVariable(variable, 0, [total]), tensors: Object.fromEntries(tensors) };
  }

  #add(variable: Variable): Variable {
    requireShape(`variable ${variable.name}`, variable.shape);
    const taken = new Set([...this.#variables.values()].flatMap((known) => partsOf(known).map(({ name }) => name)));
    for (const name of [variable.name, ...partsOf(variable).map((part) => part.name)]) {
      if (taken.has(name) || this.#variables.has(name)) throw new Error(`state: there is already a variable "${name}"`);
    }
    this.#variables.set(variable.name, variable);
    return variable;
  }

  /** All state by name, a group's parameters each under their own: views of the current buffers, valid until the next run. */
  arrays(): Record<string, NamedArray> {
    const arrays: Record<string, NamedArray> = {};
    for (const variable of this.#variables.values()) {
      for (const part of partsOf(variable)) arrays[part.name] = part;
    }
    return arrays;
  }

  /**
   * Sets state from saved arrays, as `arrays()` gave them; all names must be there with their shapes and types.
   * Everything is checked before anything is changed. Throws Error naming the first that does not fit.
   */
  load(arrays: Readonly<Record<string, NamedArray>>): void {
    const copies: [TypedArray, TypedArray][] = [];
    for (const variable of this.#variables.values()) {
      for (const { name, shape, dtype, data } of partsOf(variable)) {
        const saved = arrays[name];
        if (!saved) throw new Error(`state: "${name}" is missing from what is loaded`);
        if (
          saved.dtype !== dtype ||
          !sameShape(saved.shape, shape) ||
          saved.data.length !== data.length ||
          !holds(dtype, saved.data)
        ) {
          throw new Error(
            `state: "${name}" is ${saved.dtype} ${formatShape(saved.shape)} in what is loaded, but ${dtype} ${formatShape(shape)} here`,
          );
        }
        copies.push([data, saved.data]);
      }
    }
    for (const [target, source] of copies) target.set(source as never);
  }

  /** The current values that a tensor of this state reads: a view, valid until the next run. */
  read(tensor: Tensor): TypedArray {
    const found = variableOf(tensor);
    if (!found) throw new Error(`state: ${tensor} is not a variable`);
    const { variable, offset } = found;
    return variable.buffers[0].subarray(offset, offset + sizeOf(tensor.shape));
  }
}

/** The named parts of a variable: itself, or the members of its layout. */
function partsOf({ name, shape, dtype, layout, buffers: [data] }: Variable): (NamedArray & { name: string })[] {
  if (!layout) return [{ name, shape, dtype, data }];
  return Object.entries(layout).map(([key, part]) => ({
    name: `${name}.${key}`,
    shape: part.shape,
    dtype,
    data: data.subarray(part.offset, part.offset + sizeOf(part.shape)),
  }));
}

function filled(dtype: DType, size: number, value: number): TypedArray {
  const data = allocate(dtype, size);
  return data instanceof BigInt64Array ? data.fill(BigInt(value)) : data.fill(value);
}

/**
 * Rows `start` to `end` (exclusive) of x along its first axis: of a variable a view that costs nothing, of anything else a slice. No derivative
 * flows from a view to x.
 */
export function viewRows(x: Tensor, start: number, end: number): Tensor {
  const found = variableOf(x);
  const shape = x.shape as readonly number[];
  if (!found || (start === 0 && end === shape[0])) return slice(x, 0, start, end);
  if (!(0 <= start && start < end && end <= (shape[0] ?? 0))) {
    throw new ShapeError(`viewRows: there are no rows ${start} to ${end} of ${formatShape(shape)}`);
  }
  return readVariable(found.variable, found.offset + start * sizeOf(shape.slice(1)), [end - start, ...shape.slice(1)]);
}
