/** Many names in little memory that can be shared by threads: UTF-8, one after another. */
export interface PackedNames {
  readonly bytes: Uint8Array;
  /** Where each name ends. */
  readonly ends: Uint32Array;
}

export function packNames(names: readonly string[]): PackedNames {
  const ends = new Uint32Array(names.length);
  let end = 0;
  names.forEach((name, i) => {
    end += Buffer.byteLength(name);
    ends[i] = end;
  });
  const bytes = Buffer.alloc(end);
  names.forEach((name, i) => {
    bytes.write(name, (i === 0 ? 0 : ends[i - 1]) ?? 0);
  });
  return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, end), ends };
}

export function nameAt({ bytes, ends }: PackedNames, i: number): string {
  // A copy: not everything takes bytes that threads share.
  return Buffer.from(bytes.slice(i === 0 ? 0 : ends[i - 1], ends[i])).toString();
}
