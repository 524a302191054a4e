import { createRun, runMetrics } from "@era/lab";
import { expect, it } from "vitest";
import { algorithms } from "./algorithms.ts";
import { runFolders } from "./training.fixture.ts";
import { trainRun } from "./trainRun.ts";

const folder = runFolders();
const small = { env: "Pendulum-v1", steps: 32, hidden: [8], evalEpisodes: 1, evalEvery: 32, threads: 1 };

// Pendulum's episodes have 200 steps and never end before.
it.each([
  ["sac", { batchSize: 4, startSteps: 8 }],
  ["fastsac", { batchSize: 4, envs: 2, startSteps: 8, criticHidden: [8], actorHidden: [8], hidden: undefined }],
  ["ppo", { rolloutSteps: 16, minibatches: 1, epochs: 1 }],
])("%s takes each action as often as asked, in training and in evaluations", async (name, own) => {
  const algorithm = algorithms.find((known) => known.name === name);
  if (!algorithm) throw new Error(`there is no algorithm ${name}`);
  const config = algorithm.schema.parse({ ...small, ...own, actionRepeat: 10 });
  const dir = folder(name);
  const run = createRun({ dir, kind: name, config: { ...config } });
  await trainRun(algorithm, config, run);
  run.close();
  const lengths = (metric: string) => runMetrics({ dir }).flatMap(({ metrics }) => metrics[metric] ?? []);
  expect(lengths("eval/length")).toEqual([20]);
  expect(new Set(lengths("train/length"))).toEqual(new Set(name === "fastsac" ? [] : [20]));
});
