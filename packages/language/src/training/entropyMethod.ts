/**
 * What keeps a language model's entropy up while its policy is trained: nothing, one of the published baselines, or ERA. One flag chooses; the
 * defaults are those of the official runs, named beside each.
 */
import { type ResolvedSequence, resolveSequence } from "@era/activation";
import { UsageError } from "@era/lab";
import * as z from "zod";

export const entropyMethodNames = ["none", "bonus", "kl-cov", "clip-cov", "clip-higher", "era"] as const;
export type EntropyMethodName = (typeof entropyMethodNames)[number];

/** The trust region of PPO's loss: ratios are clipped to [1 − low, 1 + high], and where the advantage is negative a token's loss to dual·|A|. */
export interface ClipRange {
  readonly low: number;
  readonly high: number;
  /** c of dual-clip PPO (Ye et al. 2020), greater than 1. */
  readonly dual: number;
}

/** A method with its settings; made by {@link entropyMethod}. `topK`: log-probabilities are over that many logits, 0: over all. */
export type EntropyMethod = { readonly topK: number } & (
  | { readonly name: "none" | "clip-higher"; readonly clip: ClipRange }
  /** The loss minus coefficient · the tokens' mean entropy. */
  | { readonly name: "bonus"; readonly clip: ClipRange; readonly coefficient: number }
  /** Adds coefficient · |log ratio| at the share of tokens whose advantage and log-probability covary most; nothing is clipped. */
  | { readonly name: "kl-cov"; readonly share: number; readonly coefficient: number }
  /** Leaves out a share of the tokens, drawn at random from those whose covariance lies between low and high. */
  | {
      readonly name: "clip-cov";
      readonly share: number;
      readonly low: number;
      readonly high: number;
      readonly clip: ClipRange;
    }
  /** Scales the logits of tokens with a positive advantage where the response's entropy is outside [ω_low, ω_high]. */
  | {
      readonly name: "era";
      readonly sequence: ResolvedSequence;
      /** Advantages are divided by the factor that the logits are multiplied by. */
      readonly scale: boolean;
      readonly clip: ClipRange;
    }
);

/**
 * The settings of all methods, as flags. Where a default depends on the method, it is filled in by {@link entropyMethod}.
 *
 * Sources: ERA's fork of verl (`qwen_7b_era_topk.sh` and `…_scale.sh`; `verl/trainer/config/ppo_trainer.yaml`), DAPO
 * (`recipe/dapo/run_dapo_qwen2.5_32b.sh`), KL-Cov and Clip-Cov (arXiv 2505.22617; `recipe/entropy/7b_kl_cov.sh`, `7b_clip_cov.sh`).
 */
export const entropyMethodSchema = z.object({
  entropyMethod: z
    .enum(entropyMethodNames)
    .default("era")
    .describe("What keeps the entropy up: none, an entropy bonus, KL-Cov, Clip-Cov, DAPO's clip-higher, or ERA"),
  clipLow: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("Ratios are clipped at 1 − this; default 0.2, era and clip-cov: 1 (off)"),
  clipHigh: z
    .number()
    .positive()
    .optional()
    .describe("Ratios are clipped at 1 + this; default 0.2, clip-higher: 0.28, era and clip-cov: 1"),
  dualClip: z
    .number()
    .gt(1)
    .optional()
    .describe("Dual clip: the largest ratio that counts where the advantage is negative; default 3, era: 10"),
  topLogits: z
    .int()
    .min(0)
    .optional()
    .describe("Log-probabilities over so many of a token's largest logits, 0: over all; default 0, era: 20"),
  bonusCoefficient: z.number().min(0).default(0.001).describe("bonus: weight of the mean entropy in the loss"),
  klCovShare: z.number().gt(0).max(1).default(0.002).describe("kl-cov: share of the tokens that the penalty is on"),
  klCovCoefficient: z.number().min(0).default(1).describe("kl-cov: weight of the penalty"),
  clipCovShare: z.number().gt(0).max(1).default(0.0002).describe("clip-cov: share of the tokens that are left out"),
  clipCovLow: z.number().default(1).describe("clip-cov: tokens of a lower covariance stay"),
  clipCovHigh: z.number().default(5).describe("clip-cov: tokens of a higher covariance stay"),
  eraLow: z.number().min(0).default(0.45).describe("era: ω_low, a response's entropy in nats below which it is raised"),
  eraHigh: z.number().positive().default(3).describe("era: ω_high, in nats, above which it is lowered"),
  eraFactor: z.number().gt(1).default(2).describe("era: k, the factor on the logits"),
  eraTopFraction: z
    .number()
    .gt(0)
    .max(1)
    .default(0.2)
    .describe("era: a response's entropy is the mean of this share of its tokens, those of highest entropy"),
  eraScale: z.boolean().default(false).describe("era: divide advantages by the factor on the logits"),
});

export type EntropyMethodSettings = z.output<typeof entropyMethodSchema>;

/**
 * The chosen method with its defaults filled in.
 * @throws UsageError in one line where thresholds exclude each other
 */
export function entropyMethod(settings: EntropyMethodSettings): EntropyMethod {
  const { entropyMethod: name, clipLow, clipHigh, dualClip, topLogits } = settings;
  const isOpen = name === "era" || name === "clip-cov";
  const clip: ClipRange = {
    low: clipLow ?? (isOpen ? 1 : 0.2),
    high: clipHigh ?? (isOpen ? 1 : name === "clip-higher" ? 0.28 : 0.2),
    dual: dualClip ?? (name === "era" ? 10 : 3),
  };
  const topK = topLogits ?? (name === "era" ? 20 : 0);
  switch (name) {
    case "none":
    case "clip-higher":
      return { name, topK, clip };
    case "bonus":
      return { name, topK, clip, coefficient: settings.bonusCoefficient };
    case "kl-cov":
      return { name, topK, share: settings.klCovShare, coefficient: settings.klCovCoefficient };
    case "clip-cov": {
      const { clipCovShare: share, clipCovLow: low, clipCovHigh: high } = settings;
      if (!(low < high)) throw new UsageError(`--clip-cov-low ${low} must be less than --clip-cov-high ${high}`);
      return { name, topK, share, low, high, clip };
    }
    case "era": {
      const { eraLow: low, eraHigh: high, eraFactor: factor, eraTopFraction: topFraction, eraScale: scale } = settings;
      if (!(low < high)) throw new UsageError(`--era-low ${low} must be less than --era-high ${high}`);
      return { name, topK, sequence: resolveSequence({ low, high, factor, topFraction }), scale, clip };
    }
  }
}
