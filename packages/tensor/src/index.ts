export { tensorOps } from "./activationOps.ts";
export { checkpoint } from "./checkpoint.ts";
export type { DType, TypedArray } from "./dtype.ts";
export { grad, vjp } from "./grad.ts";
export * as init from "./initializers.ts";
export { LoadedModel, type ModelValue } from "./loadedModel.ts";
export { exportOnnx, modelMetadata } from "./model.ts";
export { after } from "./ops/after.ts";
export * from "./ops/batchNorm.ts";
export { type CachedAttentionInputs, cachedAttention } from "./ops/cachedAttention.ts";
export {
  type ConvolutionOptions,
  conv2d,
  convTranspose2d,
  type TransposedConvolutionOptions,
} from "./ops/convolution.ts";
export { counterUniform } from "./ops/counterUniform.ts";
export { type VectorJacobianProduct, withDerivatives, withVjp } from "./ops/customGradient.ts";
export { dropout } from "./ops/dropout.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/indexing.ts";
export * from "./ops/layout.ts";
export * from "./ops/linear.ts";
export { type CrossEntropyOptions, crossEntropy } from "./ops/loss.ts";
export * from "./ops/normalization.ts";
export { avgPool2d, globalAveragePool2d, maxPool2d, type PoolingOptions } from "./ops/pooling.ts";
export {
  argmax,
  argmin,
  cumSum,
  logSoftmax,
  logSumExp,
  max,
  mean,
  min,
  prod,
  softmax,
  sum,
} from "./ops/reduce.ts";
export type { Pair } from "./ops/windows.ts";
export * from "./optim.ts";
export { flatGradient, unflatten } from "./parameters.ts";
export { type CompileOptions, compile, type Feeds, NonFiniteError, Program, type ProgramSpec } from "./program.ts";
export { Random, type RandomState } from "./random.ts";
export { RandomStream } from "./randomStream.ts";
export * from "./safetensors.ts";
export { loadRuntime, type Runtime, type SessionOptions, useRuntime } from "./session.ts";
export { type Dim, formatShape, type Shape, ShapeError, sizeOf } from "./shape.ts";
export { type InitialParameters, type NamedArray, type Parameters, State, viewRows } from "./state.ts";
export { fromSafetensors, toSafetensors } from "./stateFile.ts";
export { constant, input, Tensor } from "./tensor.ts";
