import { unknownName } from "@era/lab";
import type { Algorithm } from "./algorithm.ts";
import { obacAlgorithm } from "./obacAlgorithm.ts";
import { sacAlgorithm } from "./sacAlgorithm.ts";
import { tdmpc2Algorithm } from "./tdmpc2Algorithm.ts";

/** Every algorithm, in the order of `era train --help`. */
export const algorithms: readonly Algorithm[] = [sacAlgorithm, tdmpc2Algorithm, obacAlgorithm];

/**
 * The algorithm that a run folder's `kind` names.
 * @throws UsageError that suggests the likeliest name and lists all
 */
export function algorithmOf(kind: string): Algorithm {
  const found = algorithms.find(({ name }) => name === kind);
  if (found) return found;
  throw unknownName(
    "algorithm",
    kind,
    algorithms.map(({ name }) => name),
  );
}
