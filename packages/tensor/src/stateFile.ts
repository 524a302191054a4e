/** State as safetensors holds it, and back. */
import type { DType } from "./dtype.ts";
import type { SafeTensor, SafetensorsDtype } from "./safetensors.ts";
import type { NamedArray } from "./state.ts";

const fileTypes = {
  float32: "F32",
  float64: "F64",
  int64: "I64",
  int32: "I32",
  bool: "BOOL",
} as const satisfies Record<DType, SafetensorsDtype>;

/** Arrays by name as tensors of a file. The data is not copied. */
export function toSafetensors(arrays: Readonly<Record<string, NamedArray>>): Record<string, SafeTensor> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, dtype, data }]) => [
      name,
      { dtype: fileTypes[dtype], shape, data } as SafeTensor,
    ]),
  );
}

/** Tensors of a file as arrays by name; those of element types that graphs do not have are left out. The data is not copied. */
export function fromSafetensors(tensors: ReadonlyMap<string, SafeTensor>): Record<string, NamedArray> {
  const arrays: Record<string, NamedArray> = {};
  for (const [name, { dtype, shape, data }] of tensors) {
    const found = (Object.keys(fileTypes) as DType[]).find((type) => fileTypes[type] === dtype);
    if (found) arrays[name] = { shape, dtype: found, data: data as NamedArray["data"] };
  }
  return arrays;
}
