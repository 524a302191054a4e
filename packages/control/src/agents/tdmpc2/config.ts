/** TD-MPC2's settings. */
import * as z from "zod";
import { logStdInOrder } from "../heads.ts";
import * as setting from "../settings.ts";
import { count, logStd, rate, weight } from "../settings.ts";

/** TD-MPC2's settings, with the official values of its model of 5 million parameters as defaults (config.yaml) unless noted. */
export const tdmpc2ConfigSchema = z
  .object({
    env: setting.env(),
    steps: count().default(1_000_000).describe("Environment steps to train for (official: up to 10000000)"),
    seed: setting.seed(),
    head: z
      .enum(["era", "baseline"])
      .default("era")
      .describe("Policy prior: ERA's activation without entropy in its loss, or the original with it"),
    entropy: z.number().default(0.25).describe("ERA: entropy to keep, in nats per action dimension"),
    entropyOf: z
      .enum(["gaussian", "policy"])
      .default("gaussian")
      .describe("ERA: whose entropy that is, the untruncated Gaussian's or the policy prior's (certified)"),
    logStdMin: logStd().optional().describe("Smallest log standard deviation; ERA: -8, baseline: -10"),
    logStdMax: logStd().optional().describe("Largest log standard deviation; ERA: 0, baseline: 2"),
    entropyWeight: weight().default(1e-4).describe("Baseline: weight of the entropy in the policy prior's loss"),
    horizon: count().default(3).describe("Steps that are planned, and of a replayed sequence"),
    iterations: count().default(6).describe("Iterations of planning; two more from 20 action dimensions on"),
    samples: count().default(512).describe("Action sequences tried in an iteration"),
    priorSamples: z.int().min(0).default(24).describe("How many of them come from the policy prior"),
    elites: count().default(64).describe("Best sequences that the next iteration is drawn around"),
    temperature: z.number().positive().default(0.5).describe("Weight of the values of elites"),
    minStd: z.number().positive().default(0.05).describe("Smallest deviation of planned actions"),
    maxStd: z.number().positive().default(2).describe("Largest deviation of planned actions"),
    latent: count().default(512).describe("Width of latent states, a multiple of --sim-norm-group"),
    encoder: count().default(256).describe("Width of the encoder's hidden layer"),
    hidden: count().default(512).describe("Width of the other networks' two hidden layers"),
    simNormGroup: count().default(8).describe("Neighbours that share a softmax in a latent state"),
    critics: z.int().min(2).default(5).describe("Value functions in the ensemble; two at a time are asked"),
    dropout: z.number().min(0).max(0.9).default(0.01).describe("Dropout in the value functions' first layer"),
    bins: z.int().min(2).default(101).describe("Bins of discrete regression, from symlog -10 to 10"),
    batchSize: count().default(256).describe("Sequences per update"),
    updatesPerStep: z.int().min(0).default(1).describe("Updates per environment step"),
    startSteps: count()
      .default(5000)
      .describe("Steps with random actions; as many updates follow at once (official: five episodes, at least 1000)"),
    bufferSize: setting.bufferSize().default(1_000_000).describe("Transitions kept for replay"),
    discount: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        "Discount per step; left out: from the environment's time limit (official for Gymnasium: at most 0.99)",
      ),
    episodic: z
      .boolean()
      .default(true)
      .describe(
        "Learn which states are terminal, and plan with it (official: off unless asked for; such environments need it)",
      ),
    tau: rate().default(0.01).describe("Rate at which the target value functions and the scale of values follow"),
    rho: rate().default(0.5).describe("Weight of each further step of a sequence (official for Gymnasium: 0.7)"),
    consistencyWeight: weight().default(20).describe("Weight of the latent dynamics' loss"),
    rewardWeight: weight().default(0.1).describe("Weight of the rewards' loss"),
    valueWeight: weight().default(0.1).describe("Weight of the values' loss"),
    terminationWeight: weight().default(1).describe("Weight of the terminal states' loss"),
    learningRate: rate().default(3e-4).describe("Adam's learning rate"),
    encoderScale: rate().default(0.3).describe("Factor of the encoder's learning rate"),
    gradientClip: z
      .number()
      .positive()
      .default(20)
      .describe("Largest norm of the world model's, and of the prior's, gradient"),
    evalEvery: count().default(10_000).describe("Steps between evaluations (official: 50000)"),
    evalEpisodes: count().default(10).describe("Episodes per evaluation"),
    logEvery: count().default(1000).describe("Steps between lines of metrics"),
    checkpointEvery: count().default(10_000).describe("Steps between checkpoints"),
    threads: setting.threads(),
  })
  .refine(...logStdInOrder)
  .refine(({ latent, simNormGroup }) => latent % simNormGroup === 0, {
    path: ["latent"],
    error: "must be a multiple of --sim-norm-group",
  })
  .refine(({ priorSamples, samples }) => priorSamples < samples, {
    path: ["priorSamples"],
    error: "must be below --samples",
  })
  .refine(({ elites, samples }) => elites <= samples, { path: ["elites"], error: "must be at most --samples" })
  .refine(({ minStd, maxStd }) => minStd <= maxStd, { path: ["minStd"], error: "must be at most --max-std" })
  .refine(({ startSteps, horizon }) => startSteps >= horizon, {
    path: ["startSteps"],
    error: "must be at least --horizon",
  });

export type Tdmpc2Config = z.output<typeof tdmpc2ConfigSchema>;

/** The discount of episodes of this many steps (official `_get_discount`): (f − 1)/f with f a fifth of them, within [0.95, 0.995]. */
export function discountOf(episodeLength: number): number {
  const fraction = episodeLength / 5;
  return Math.min(Math.max((fraction - 1) / fraction, 0.95), 0.995);
}
