import { algorithms as controlAlgorithms } from "@era/control";
import { type Algorithm, unknownName } from "@era/lab";
import { grpoAlgorithm, sftAlgorithm } from "@era/language";
import { classifierAlgorithm } from "@era/vision";

/** Everything that `era train` trains, in the order of its help. */
export const algorithms: readonly Algorithm[] = [
  ...controlAlgorithms,
  classifierAlgorithm,
  sftAlgorithm,
  grpoAlgorithm,
];

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
