/** CleanRL's arithmetic in PyTorch and NumPy; fixtures/make_ppo.py says how it was recorded. */
import { readFileSync } from "node:fs";
import { z } from "zod";

const numbers = z.array(z.number());
const named = z.record(z.string(), numbers);

export const ppoFixture = z
  .object({
    advantages: z.array(
      z.object({
        steps: z.number(),
        count: z.number(),
        discount: z.number(),
        gaeLambda: z.number(),
        rewards: numbers,
        values: numbers,
        nextValues: numbers,
        ended: numbers,
        advantages: numbers,
        returns: numbers,
      }),
    ),
    updates: z.array(
      z.object({
        name: z.string(),
        discrete: z.boolean(),
        entropyCoefficient: z.number(),
        valueCoefficient: z.number(),
        maxGradientNorm: z.number(),
        clip: z.number(),
        clipValue: z.boolean(),
        sizes: z.object({ rows: z.number(), observations: z.number(), hidden: numbers, actions: z.number() }),
        initial: named,
        steps: z.array(
          z.object({
            learningRate: z.number(),
            observations: numbers,
            actions: numbers,
            logProbs: numbers,
            advantages: numbers,
            returns: numbers,
            values: numbers,
            policyLoss: z.number(),
            valueLoss: z.number(),
            gradientNorm: z.number(),
            entropy: numbers,
            logRatio: numbers,
            kl: z.number(),
            clipFraction: z.number(),
            parameters: named,
          }),
        ),
      }),
    ),
    normalization: z.object({
      size: z.number(),
      discount: z.number(),
      observations: numbers,
      rewards: numbers,
      terminated: numbers,
      normalizedObservations: numbers,
      normalizedRewards: numbers,
    }),
  })
  .parse(JSON.parse(readFileSync(new URL("./fixtures/ppo.json", import.meta.url), "utf8")));
