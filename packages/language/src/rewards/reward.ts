/** What a reward is, and rewards by their names. */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { importDefault, isModuleFile, UsageError, unknownName } from "@era/lab";

/** One sampled response and what it answers. */
export interface RewardInput {
  readonly prompt: string;
  readonly response: string;
  /** The reference answer. */
  readonly answer: string;
  /** The problem's record with all its fields. */
  readonly problem: Readonly<Record<string, unknown>>;
}

/**
 * Scores a response; 1 is right, 0 is wrong. What it throws counts as an error of that sample, which is logged and left out; it is not a zero.
 */
export type Reward = (input: RewardInput) => number | Promise<number>;

/** The rewards that are here, by name; each is loaded when it is asked for. */
const rewards: Readonly<Record<string, () => Promise<Reward>>> = {
  math: async () => (await import("./mathRewards.ts")).mathReward,
  gsm8k: async () => (await import("./mathRewards.ts")).gsm8kReward,
  number: async () => (await import("./mathRewards.ts")).numberReward,
  science: async () => (await import("./mathRewards.ts")).scienceReward,
  countdown: async () => (await import("./countdown.ts")).countdownReward,
  format: async () => (await import("./formatReward.ts")).formatReward,
  code: async () => (await import("./codeReward.ts")).codeReward(),
};

/** The names that {@link loadReward} knows besides paths of modules. */
export const rewardNames: readonly string[] = Object.keys(rewards);

const require = createRequire(import.meta.url);

/**
 * A reward by its name, or, for a path of a module (.ts, .js, .mjs), its default export.
 * @throws UsageError naming what was wrong
 */
export async function loadReward(name: string): Promise<Reward> {
  const known = Object.hasOwn(rewards, name) ? rewards[name] : undefined;
  if (known) return known();
  if (!isModuleFile(name)) throw unknownName("reward", name, [...rewardNames, "a file (.ts, .js, .mjs)"]);
  const packages = { "@era/language": require.resolve("@era/language") };
  const exported = await importDefault(resolve(name), name, packages);
  if (typeof exported !== "function") {
    const found = exported === undefined ? "there is no default export" : `the default export is a ${typeof exported}`;
    throw new UsageError(`${name}: ${found}; it must be a function that scores a response, see Reward`);
  }
  return exported as Reward;
}

/**
 * The score that a reward gives, checked.
 * @throws what the reward threw, or TypeError where it gave no finite number
 */
export async function scoreResponse(reward: Reward, input: RewardInput): Promise<number> {
  const score: unknown = await reward(input);
  if (typeof score !== "number" || !Number.isFinite(score)) {
    throw new TypeError(`the reward gave ${String(score)}; it must give a finite number`);
  }
  return score;
}
