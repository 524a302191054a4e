/** What TD-MPC2 draws beside noise. */
import type { Random } from "@era/tensor";

/** Two different numbers below n, every ordered pair equally likely. */
export function twoOf(n: number, random: Random): BigInt64Array {
  const first = random.integer(n);
  const other = random.integer(n - 1);
  return BigInt64Array.of(BigInt(first), BigInt(other < first ? other : other + 1));
}

/** A mask of independent elements: 0 with this probability, else 1/(1 − probability). Draws one number for each 0. */
export function fillDropout(mask: Float32Array, probability: number, random: Random): void {
  mask.fill(1 / (1 - probability));
  if (probability === 0) return;
  // The distance from one 0 to the next is geometric.
  const gap = () => Math.floor(Math.log(1 - random.uniform()) / Math.log1p(-probability));
  for (let i = gap(); i < mask.length; i += 1 + gap()) mask[i] = 0;
}
