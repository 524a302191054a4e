/** The specs that `era verify` attacks: dimensions, classes and targets across what is feasible, the official settings among them. */
import type { GaussianSpec, SoftmaxSpec } from "@era/activation";
import { type Claim, gaussianClaim, sequenceClaims, softmaxClaim } from "./claim.ts";

type SoftmaxRequest = SoftmaxSpec & { readonly kind: "softmax" };

function truncatedGrid(): GaussianSpec[] {
  const specs: GaussianSpec[] = [];
  for (const actionDim of [1, 2, 3, 6, 19, 38, 61]) {
    for (const perDim of [-6, -2, 0.25, 1]) {
      specs.push({ kind: "truncated", actionDim, entropy: { perDim, of: "gaussian" } });
    }
    for (const perDim of [-6, -2, 0.25, 0.5]) {
      specs.push({ kind: "truncated", actionDim, entropy: { perDim, of: "policy" } });
    }
  }
  const other = { kind: "truncated", actionDim: 6 } as const;
  specs.push(
    { ...other, entropy: { perDim: 0.25, of: "gaussian" }, logStdMin: -3, logStdMax: 1 },
    { ...other, entropy: { perDim: 0.1, of: "policy" }, logStdMin: -5, logStdMax: 2 },
    { ...other, entropy: { perDim: 0.25, of: "gaussian" }, delta: 3 },
    { ...other, entropy: { perDim: 0.25, of: "gaussian" }, delta: "learned" },
  );
  return specs;
}

function squashedGrid(): GaussianSpec[] {
  const specs: GaussianSpec[] = [];
  for (const actionDim of [1, 2, 6, 19, 61]) {
    for (const perDim of actionDim === 61 ? [0.25] : [-2, 0.25]) {
      specs.push({ kind: "squashed", actionDim, meanBound: 1, entropy: { perDim, of: "gaussian" } });
    }
    for (const perDim of actionDim === 61 ? [-1.2] : [-3, -1.2]) {
      specs.push({ kind: "squashed", actionDim, meanBound: 1, entropy: { perDim, of: "policy" } });
    }
  }
  const other = { kind: "squashed", actionDim: 3 } as const;
  specs.push(
    { ...other, meanBound: 3, entropy: { perDim: 0.25, of: "gaussian" } },
    // Wide enough that tanh saturates: a larger σ then has less entropy.
    { ...other, meanBound: 0.5, entropy: { perDim: 1, of: "gaussian" }, logStdMin: -3, logStdMax: 1 },
    { ...other, meanBound: 0.5, entropy: { perDim: -0.5, of: "policy" }, logStdMin: -3, logStdMax: 1 },
    { ...other, meanBound: 0.5, entropy: { perDim: 0, of: "gaussian" }, logStdMin: -3, logStdMax: 1, delta: "learned" },
  );
  return specs;
}

function softmaxGrid(): SoftmaxRequest[] {
  const specs: SoftmaxRequest[] = [];
  for (const classes of [2, 3, 10, 100, 1000, 50257]) {
    const highest = Math.log(classes);
    const targets = classes > 1e4 ? [0.6, 2] : [0.3, 0.6, 1, 2];
    for (const entropy of [...targets.filter((target) => target < 0.9 * highest), 0.9 * highest]) {
      for (const inverse of ["lambert", "paper"] as const) {
        for (const bound of ["tight", "paper"] as const) {
          specs.push({ kind: "softmax", classes, entropy, inverse, bound });
        }
      }
    }
  }
  return specs;
}

/** What distinguishes a Gaussian spec, in words. */
function gaussianName({ entropy, logStdMin, logStdMax, delta, ...rest }: GaussianSpec): string {
  const parts = [`${entropy.perDim} per dim of the ${entropy.of}`];
  if (logStdMin !== undefined) parts.push(`log σ in [${logStdMin}, ${logStdMax}]`);
  if (delta !== undefined) parts.push(`δ ${delta}`);
  if (rest.kind === "squashed") parts.push(`|mean| ≤ ${rest.meanBound}`);
  return parts.join(", ");
}

const softmaxName = ({ entropy, inverse, bound }: SoftmaxSpec): string =>
  `${Number(entropy.toFixed(3))} nat, ${bound} bound, ${inverse} inverse`;

/** All claims of the default grid, about 180, small ones first within their family. */
export function claims(): Claim[] {
  return [
    ...[...truncatedGrid(), ...squashedGrid()].map((spec) => gaussianClaim(gaussianName(spec), spec)),
    ...softmaxGrid().map((spec) => softmaxClaim(softmaxName(spec), spec)),
    ...[2, 1000].flatMap((vocabulary) => sequenceClaims(vocabulary, { kind: "sequence" })),
  ];
}
