import type { Domain } from "@era/lab";

/** Runs are judged by the share of right responses to held-out problems. Entropies are of sampled tokens, in nats. */
export const languageDomain: Domain = {
  modelFile: "model",
  score: { metric: "eval/accuracy", name: "accuracy", digits: 4 },
  entropy: { metric: "rollout/entropyMin", bearer: "policy", lowestOf: "any rollout" },
};
