/**
 * GRPO-ERA from a program, with a reward of one's own: a small decoder learns countdown from solutions, then from the reward. A minute or two.
 *
 *   node examples/dist/trainGrpo.js [folder]
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Algorithm, createRun, type Summary, type TrainingConfig, trainRun } from "@era/lab";
import { evaluateRun, grpoAlgorithm, sftAlgorithm } from "@era/language";

const folder = process.argv[2] ?? `runs/example-${Date.now()}`;

/** A run of an algorithm in a folder of its own; settings that are left out have their defaults. */
async function train<C extends TrainingConfig & Record<string, unknown>>(
  algorithm: Algorithm<C>,
  name: string,
  settings: Record<string, unknown>,
): Promise<{ dir: string; summary: Summary }> {
  const config = await algorithm.settings({}, settings);
  await algorithm.check(config);
  const run = createRun({ dir: join(folder, name), kind: algorithm.name, config });
  try {
    return { dir: run.dir, summary: await trainRun(algorithm, config, run) };
  } finally {
    run.close();
  }
}

const task = { task: "countdown", evalProblems: 64, threads: 1 };
const start = await train(sftAlgorithm, "sft", { ...task, layers: 2, width: 64, heads: 2, steps: 800, evalEvery: 400 });
console.log(`imitation: pass@1 ${start.summary.score.final}`);
const { dir, summary } = await train(grpoAlgorithm, "grpo-era", {
  ...task,
  model: start.dir,
  steps: 300,
  learningRate: 3e-4,
  entropyMethod: "era",
  eraLow: 1,
  reward: fileURLToPath(new URL("./rewards/withoutBrackets.js", import.meta.url)),
});
console.log(`rewards: ${summary.score.final}`);

const { responses } = await evaluateRun(dir, { problems: 4, samples: 1 });
for (const { problem, text, reward } of responses) console.log(`${problem.text}  ${text}  (${reward})`);
