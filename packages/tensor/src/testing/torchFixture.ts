/** What PyTorch computed, as fixtures/make_torch.py stored it. For tests only. */
import { readFileSync } from "node:fs";

/** One application of an operation, with the numbers of its inputs or the formula (`real`) that gives them. */
export interface TorchOperation {
  readonly operation: string;
  readonly variant: string;
  readonly inputs: readonly (
    | { shape: number[]; low: number; high: number; phase: number }
    | { shape: number[]; values: number[] }
  )[];
  readonly outputs: readonly { shape: number[]; values: number[] }[];
  readonly gradients: readonly number[][];
}
interface TorchFixture {
  readonly operations: readonly TorchOperation[];
  /** Running mean and variance after one batch of batch normalization. */
  readonly running: readonly number[][];
  readonly optimizers: readonly { name: "sgd" | "adam"; options: Record<string, unknown>; trajectory: number[][] }[];
  readonly rates: readonly number[];
  readonly clipped: readonly { maxNorm: number; norm: number; values: number[] }[];
}

export const torchFixture = JSON.parse(
  readFileSync(new URL("../fixtures/torch.json", import.meta.url), "utf8"),
) as TorchFixture;
