/**
 * A floor under the entropy of class probabilities and of a robot's policy, in plain numbers: no training, no other package.
 *
 *   node examples/dist/certifiedFloor.js
 */
import {
  boundedGaussian,
  categorical,
  ndArray,
  referenceOps,
  resolveGaussian,
  resolveSoftmax,
  softmaxActivation,
  truncatedNormal,
} from "@era/activation";

// A classifier that is certain of class 0: its softmax has no entropy left.
const logits = ndArray([60, 3, 2, 1, 0, 0, 0, 0, 0, 0]);
const before = categorical(referenceOps, logits).entropy().data[0] ?? 0;
console.log(`raw logits:                            entropy ${before.toFixed(3)} nat`);
for (const bound of ["paper", "tight"] as const) {
  const spec = resolveSoftmax({ classes: 10, entropy: 0.6, bound });
  const after = categorical(referenceOps, softmaxActivation(referenceOps, spec, logits)).entropy().data[0] ?? 0;
  console.log(
    `0.6 nat asked, ${bound} bound:            entropy ${after.toFixed(3)} nat, floor ${spec.floor.toFixed(3)}`,
  );
}

// A policy of 6 joints whose network pushes every mean to the edge and all deviation into one joint.
const raw = { mean: ndArray([9, -9, 9, -9, 9, -9]), logStd: ndArray([40, 0, 0, 0, 0, 0]) };
for (const of of ["gaussian", "policy"] as const) {
  const spec = resolveGaussian({ kind: "truncated", actionDim: 6, entropy: { perDim: 0.25, of } });
  const policy = truncatedNormal(referenceOps, boundedGaussian(referenceOps, spec, raw));
  const entropy = policy.entropy().data[0] ?? 0;
  console.log(
    `1.5 nat asked of the ${of.padEnd(8)}:         policy's entropy ${entropy.toFixed(3)} nat, floor ${spec.floor.toFixed(3)}`,
  );
}
