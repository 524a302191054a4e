export { configJson, type DecoderConfig, type Family, families, parseConfig } from "./config.ts";
export { lastBoxed } from "./data/boxed.ts";
export {
  type MappingName,
  mappingNames,
  type Problem,
  type ReadProblemsOptions,
  readProblemSet,
  readProblems,
} from "./data/problems.ts";
export {
  type Attention,
  causalAttention,
  type DecoderParameters,
  decoder,
  decoderHidden,
  decoderLayer,
  embed,
  finalNorm,
  outputLogits,
  outputMatrix,
} from "./decoder.ts";
export {
  type AskedProblem,
  askedProblems,
  type EvaluateProblemsOptions,
  evaluateProblems,
} from "./evaluation/evaluateProblems.ts";
export { passAtK } from "./evaluation/passAtK.ts";
export { type Prompt, type PromptForm, type PromptStyle, promptOf } from "./evaluation/prompts.ts";
export { type ProblemRecord, RecordsFile, type SampleRecord } from "./evaluation/records.ts";
export { type LanguageEvaluation, summarizeRecords } from "./evaluation/summarizeRecords.ts";
export { weightsDigest } from "./evaluation/weightsDigest.ts";
export { type Generation, type GenerationOptions, Generator, type GeneratorOptions } from "./generation/generator.ts";
export {
  type Choice,
  type Distribution,
  requireSampling,
  type SamplingOptions,
  sampleToken,
} from "./generation/sampling.ts";
export { dequantize, type GgufType, ggufTypes } from "./gguf/dequantize.ts";
export { type GgufMetadata, type GgufModel, readGguf } from "./gguf/readGguf.ts";
export { type DecoderWeights, readModelFolder, type WriteModelOptions, writeModelFolder } from "./modelFolder.ts";
export { checkedParameters, constantParameters, initialParameters, parameterShapes } from "./parameters.ts";
export { type LanguageModel, readModel } from "./readModel.ts";
export { type AnswerPlace, extractAnswer } from "./rewards/answer/extractAnswer.ts";
export { type EquivalenceOptions, isEquivalent } from "./rewards/answer/isEquivalent.ts";
export { type CodeLimits, codeReward } from "./rewards/codeReward.ts";
export { countdownReward } from "./rewards/countdown.ts";
export { formatReward, patternReward } from "./rewards/formatReward.ts";
export { answerReward, gsm8kReward, mathReward, numberReward, scienceReward } from "./rewards/mathRewards.ts";
export { loadReward, type Reward, type RewardInput, rewardNames, scoreResponse } from "./rewards/reward.ts";
export { type Rope, type RopeScaling, ropeFrequencies, ropeTables } from "./rope.ts";
export { characterTokenizer } from "./tokenizer/characterTokenizer.ts";
export { ggufTokenizer, type TokenizerFiles } from "./tokenizer/ggufTokenizer.ts";
export { TextStream } from "./tokenizer/textStream.ts";
export { type ChatMessage, TextTokenizer } from "./tokenizer/textTokenizer.ts";
export { groupAdvantages, hasContrast, type Overlong, overlongPunishment } from "./training/advantages.ts";
export {
  type ClipRange,
  type EntropyMethod,
  type EntropyMethodName,
  type EntropyMethodSettings,
  entropyMethod,
  entropyMethodNames,
  entropyMethodSchema,
} from "./training/entropyMethod.ts";
export { evaluateModel } from "./training/evaluateModel.ts";
export { type EvaluateRunOptions, evaluateRun, isLanguageRun } from "./training/evaluateRun.ts";
export { Grpo, type GrpoOptions, type UpdateReport, type WeightedResponse } from "./training/grpo.ts";
export { type GrpoConfig, grpoAlgorithm } from "./training/grpoAlgorithm.ts";
export { languageDomain } from "./training/languageDomain.ts";
export {
  initialLora,
  type LoraOptions,
  type LoraTarget,
  loraParameters,
  loraTargets,
  mergedParameters,
} from "./training/lora.ts";
export { type PolicyLossInputs, type PolicyMetrics, policyLoss } from "./training/policyLoss.ts";
export { type SftConfig, sftAlgorithm } from "./training/sftAlgorithm.ts";
export {
  activationFactor,
  methodScoring,
  type ScoreActivation,
  type TokenScoreOptions,
  type TokenScores,
  tokenScores,
} from "./training/tokenScores.ts";
export { TrainedModel } from "./training/trainedModel.ts";
