export { readCifar10, readCifar100 } from "./data/cifar.ts";
export { type ClassFilesOptions, indexClassFiles, readClassFiles } from "./data/classFiles.ts";
export { type DataFormat, type DataOptions, type DataSet, readDataSet, requireAlike } from "./data/dataSet.ts";
export {
  type AnySet,
  type CentreCrop,
  checkedSet,
  type ImageSet,
  isStreamed,
  joined,
  type LabelledImages,
  type SkippedFile,
  type Split,
  type StreamedSet,
} from "./data/imageSet.ts";
export { type IndexedImages, type StreamOptions, streamed } from "./data/indexedImages.ts";
export { fashionClasses, type IdxArray, readIdx, readMnist } from "./data/mnist.ts";
export { indexParquet } from "./data/parquetImages.ts";
export { stratifiedSplit, subset } from "./data/stratifiedSplit.ts";
export { inMemory, parts } from "./data/streamedImages.ts";
export { auroc } from "./evaluation/auroc.ts";
export { type CorruptionName, corrupted, corruptionNames } from "./evaluation/corruptions.ts";
export {
  type ClassifierEvaluation,
  type EvaluationOptions,
  evaluateClassifier,
} from "./evaluation/evaluateClassifier.ts";
export { loadClassifier, type Prediction, predict, type TrainedClassifier } from "./evaluation/trainedClassifier.ts";
export { type EraOptions, eraHead, type Head, plainHead, predictiveEntropy } from "./head.ts";
export type { Kept, Layer, Pass } from "./models/layer.ts";
export { type ModelName, type ModelOptions, models } from "./models/models.ts";
export {
  infer,
  loadWeights,
  type Network,
  type NetworkState,
  networkState,
  type TrainingPass,
  train,
  weightsOf,
} from "./models/network.ts";
export { cifarResnet, type ResnetDepth, type ResnetOptions, resnet, type Stem } from "./models/resnet.ts";
export { mlp, type SmallOptions, smallCnn } from "./models/small.ts";
export { type WideResnetOptions, wideResnet } from "./models/wideResnet.ts";
export {
  type Augmentation,
  type Batch,
  Batches,
  type BatchOptions,
  type BatchSource,
  type PreparedBatch,
} from "./training/batches.ts";
export { type ChannelStatistics, channelStatistics, statisticsOf } from "./training/channelStatistics.ts";
export {
  Classifier,
  type ClassifierConfig,
  type ClassifierData,
  type ClassifierGraph,
  classifierConfigSchema,
  classifierGraph,
  classifierHead,
  evaluateModel,
  type StepReport,
} from "./training/classifier.ts";
export {
  type ClassifierTrainingConfig,
  classifierAlgorithm,
  classifierSets,
  classifierTrainingSchema,
  visionDomain,
} from "./training/classifierAlgorithm.ts";
export { Measurement, type Measures } from "./training/measures.ts";
export { openBatches, useBatchProgram } from "./training/preparedBatches.ts";
