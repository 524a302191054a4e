import { createHash } from "node:crypto";
import type { NamedArray } from "@era/tensor";

/** A hash of a model's weights: of two models with the same one, names, shapes and numbers are equal. */
export function weightsDigest(weights: Readonly<Record<string, NamedArray>>): string {
  const hash = createHash("sha256");
  for (const name of Object.keys(weights).sort()) {
    const array = weights[name];
    if (!array) continue;
    hash.update(`${name}:${array.shape.join("x")};`);
    const { buffer, byteOffset, byteLength } = array.data;
    // A hash takes no more than 2 GiB at once.
    for (let at = 0; at < byteLength; at += 2 ** 30) {
      hash.update(new Uint8Array(buffer, byteOffset + at, Math.min(2 ** 30, byteLength - at)));
    }
  }
  return hash.digest("hex");
}
