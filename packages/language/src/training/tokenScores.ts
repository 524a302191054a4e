/** What a decoder says of given tokens: their log-probabilities, and the entropies of the distributions that they were drawn from. */
import { type ResolvedSequence, responseEntropy, sequenceFactor, sequenceFactors } from "@era/activation";
import { mul, reshape, ShapeError, slice, stopGradient, type Tensor, tensorOps } from "@era/tensor";
import type { DecoderConfig } from "../config.ts";
import { type DecoderParameters, decoderHidden, outputMatrix } from "../decoder.ts";
import type { EntropyMethod } from "./entropyMethod.ts";
import { vocabularyScores } from "./vocabularyScores.ts";

/** The sequence activation at work on the scored tokens; shapes as the scores', `[batch, T]` float32. */
export interface ScoreActivation {
  readonly spec: ResolvedSequence;
  readonly advantages: Tensor;
  /** 1 at the tokens of the response, 0 elsewhere. */
  readonly responseMask: Tensor;
}

export interface TokenScoreOptions {
  /** The column of the first token that is scored, from 1 on; default 1. With prompts padded at the left to `from` columns, only responses are scored. */
  readonly from?: number;
  /** Logits are divided by it: the temperature of sampling. Default 1. */
  readonly temperature?: number;
  /** Log-probabilities are over that many of the largest logits, −10⁴ for a token outside; 0 (default): over all. */
  readonly topK?: number;
  /** Logits are multiplied by ERA's factor before log-probabilities are taken of them. Entropies are those of the unscaled logits. */
  readonly activation?: ScoreActivation;
  /** The most logits that are computed at once: see `vocabularyScores`. */
  readonly chunk?: number;
  /** Gradient checkpointing: the backward pass computes each layer again from its input, instead of keeping all that is in it. Default false. */
  readonly checkpoint?: boolean;
}

/** Scores of tokens `[batch, T]` with T = length − from: of the tokens in columns `from` to the last. */
export interface TokenScores {
  /** log p(token | all tokens before it), in nats. */
  readonly logProb: Tensor;
  /** The entropy of the distribution of that token, in nats, over the whole vocabulary; differentiable. */
  readonly entropy: Tensor;
}

/**
 * Scores of tokens under a decoder. Memory: the logits are never there as a whole, neither here nor in the gradient (`vocabularyScores`).
 * @param tokens `[batch, length]` int64
 * @param mask `[batch, length]` float32: 1 for tokens, 0 for padding at the left or right. Scores of padding are finite and mean nothing
 * @throws ShapeError where shapes do not fit, or there is no column to score
 */
export function tokenScores(
  config: DecoderConfig,
  parameters: DecoderParameters,
  tokens: Tensor,
  mask: Tensor | undefined,
  { from = 1, temperature = 1, topK = 0, activation, chunk, checkpoint = false }: TokenScoreOptions = {},
): TokenScores {
  const hidden = decoderHidden(config, parameters, tokens, mask, { checkpoint });
  const [batch, length] = tokens.shape as readonly number[];
  if (batch === undefined || length === undefined || from < 1 || from >= length) {
    throw new ShapeError(`tokenScores: cannot score sequences of ${length} tokens from column ${from}`);
  }
  const shape = [batch, length - from];
  const rows = reshape(slice(hidden, 1, from - 1, -1), [-1, config.width]);
  const targets = reshape(slice(tokens, 1, from), [-1]);
  const factor = activation && {
    values: sequenceFactors(activation.spec),
    of: (entropy: Tensor) => reshape(activationFactor(activation, reshape(entropy, shape)), [-1, 1]),
  };
  const scores = vocabularyScores(mul(rows, 1 / temperature), outputMatrix(config, parameters), targets, {
    topK,
    ...(factor && { factor }),
    ...(chunk !== undefined && { chunk }),
  });
  return { logProb: reshape(scores.logProb, shape), entropy: reshape(scores.entropy, shape) };
}

/** ERA's factor of each token `[batch, T]`, from the entropies of all: see `sequenceFactor`. It carries no gradient. */
export function activationFactor({ spec, advantages, responseMask }: ScoreActivation, entropy: Tensor): Tensor {
  const nats = responseEntropy(tensorOps, spec, stopGradient(entropy), responseMask);
  return sequenceFactor(tensorOps, spec, nats, advantages);
}

/**
 * The options of `tokenScores` that a method asks for, both in the update and for the old log-probabilities, which are computed through the
 * same activation.
 */
export function methodScoring(
  method: EntropyMethod,
  tokens: Omit<ScoreActivation, "spec">,
): Pick<TokenScoreOptions, "topK" | "activation"> {
  if (method.name !== "era") return { topK: method.topK };
  return { topK: method.topK, activation: { spec: method.sequence, ...tokens } };
}
