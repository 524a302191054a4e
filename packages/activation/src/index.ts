export type { RawGaussian } from "./boundedGaussian.ts";
export { boundedGaussian, deltaLoss } from "./boundedGaussian.ts";
export type { Categorical } from "./categorical.ts";
export { categorical } from "./categorical.ts";
export type { ActivationSpec, Precision } from "./certificate.ts";
export { calibrate, float32Margin, floor } from "./certificate.ts";
export type { LocationScale } from "./distribution.ts";
export { STANDARD_NORMAL_ENTROPY } from "./distribution.ts";
export { gaussianFloat32Margin, softmaxFloat32Margin } from "./float32.ts";
export { fineRule } from "./gaussianFloor.ts";
export type {
  GaussianEntropyTarget,
  GaussianSpec,
  ResolvedGaussian,
  SquashedGaussianSpec,
  TruncatedGaussianSpec,
} from "./gaussianSpec.ts";
export { resolveGaussian } from "./gaussianSpec.ts";
export { lambertInverse, lambertWm1 } from "./lambert.ts";
export type { Derivative, Operand, Ops } from "./ops.ts";
export { surrogateDerivatives } from "./ops.ts";
export type { NormalQuadrature } from "./quadrature.ts";
export { normalQuadrature } from "./quadrature.ts";
export type { NdArray } from "./reference.ts";
export { arrayOps, ndArray, referenceOps } from "./reference.ts";
export type { ResolvedSequence, SequenceSpec } from "./sequence.ts";
export { resolveSequence, responseEntropy, sequenceFactor, sequenceFactors, topKLogProb } from "./sequence.ts";
export { softmaxActivation } from "./softmaxActivation.ts";
export type { ResolvedSoftmax, SoftmaxSpec } from "./softmaxSpec.ts";
export { resolveSoftmax } from "./softmaxSpec.ts";
export { erf, erfc, normalCdf, normalQuantile, SCALED_ERFC } from "./special.ts";
export type { TanhNormal } from "./tanhNormal.ts";
export { tanhNormal } from "./tanhNormal.ts";
export type { Support, TruncatedNormal } from "./truncatedNormal.ts";
export { truncatedNormal } from "./truncatedNormal.ts";
