/** Plain data that threads shall share instead of copying it. */

/** The value with its typed arrays in memory that threads share; those that lie there already stay where they are. */
export function inSharedMemory<T>(value: T): T {
  if (ArrayBuffer.isView(value)) return sharedArray(value) as T;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(inSharedMemory) as T;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inSharedMemory(part)])) as T;
}

function sharedArray(array: ArrayBufferView): ArrayBufferView {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const memory = new SharedArrayBuffer(array.byteLength);
  new Uint8Array(memory).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  const Kind = array.constructor as new (memory: SharedArrayBuffer) => ArrayBufferView;
  return new Kind(memory);
}
