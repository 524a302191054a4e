/** Element types: their names, their JavaScript arrays and their codes in ONNX (TensorProto.DataType). */
export type DType = "float32" | "float64" | "int64" | "int32" | "bool";

export type TypedArray = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

/** The code of an element type in ONNX's TensorProto.DataType. */
export const onnxType: Readonly<Record<DType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 };

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  bool: Uint8Array,
} as const;

export const isFloat = (dtype: DType): boolean => dtype === "float32" || dtype === "float64";

/** Throws TypeError, naming the operation, where the element type is not a float. */
export function requireFloat(op: string, dtype: DType): void {
  if (!isFloat(dtype)) throw new TypeError(`${op}: needs a float operand, not ${dtype}`);
}

/** Throws TypeError, naming the operation, where the element type is bool. */
export function requireNumber(op: string, dtype: DType): void {
  if (dtype === "bool") throw new TypeError(`${op}: needs numbers, not bool; cast them`);
}

/** Whether a number, as a factor or divisor, is far from the ends of float32's range: products of such may be taken in another order. */
export const isModerate = (factor: number): boolean => Math.abs(factor) > 1e-30 && Math.abs(factor) < 1e30;

/** A zeroed array of `length` elements. Booleans are bytes of 0 and 1, as ONNX Runtime takes them. */
export function allocate(dtype: DType, length: number): TypedArray {
  return new constructors[dtype](length);
}

/**
 * The values as an array of the element type; an array of that type already is returned as it is, uncopied.
 * Throws TypeError where a value has a fraction and the type none.
 */
export function toTypedArray(dtype: DType, values: TypedArray | ArrayLike<number>): TypedArray {
  const ArrayType = constructors[dtype];
  if (values instanceof ArrayType) return values;
  const array = allocate(dtype, values.length);
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (!isFloat(dtype) && !Number.isInteger(value)) throw new TypeError(`${value} is no ${dtype} value`);
    array[i] = array instanceof BigInt64Array ? BigInt(value) : value;
  }
  return array;
}

/** Whether the array is the one that holds this element type. */
export const holds = (dtype: DType, array: unknown): array is TypedArray => array instanceof constructors[dtype];
