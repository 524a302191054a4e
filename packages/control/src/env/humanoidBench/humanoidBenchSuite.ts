import { Box } from "../box.ts";
import type { EnvDefinition } from "../envDefinition.ts";
import { loadMujoco } from "../mujoco.ts";
import { SharedModel } from "../sharedModel.ts";
import { missingModel, suiteModel } from "../suites/modelSuite.ts";
import { humanoidBenchModels } from "../suites/modelSuites.ts";
import { H1 } from "./h1.ts";
import type { H1Task } from "./h1Task.ts";
import { h1Id, h1ModelPath, h1Options, h1Tasks, makeH1Env } from "./humanoidBench.ts";

/** HumanoidBench's tasks for Unitree's H1 without hands. Their models belong to others: `era models add humanoid_bench`. */
export const humanoidBenchSuite: readonly EnvDefinition[] = h1Tasks.map(definition);

function definition(task: H1Task): EnvDefinition {
  const path = h1ModelPath(task);
  const uses = (file: string) => !file.startsWith("envs/");
  const model = new SharedModel(() => suiteModel(humanoidBenchModels, path, { uses }));
  return {
    suite: "humanoid_bench",
    id: h1Id(task),
    observationSpace: Box.unbounded(task.observationSize),
    actionSpace: Box.uniform("float32", H1.actuators, -1, 1),
    maxEpisodeSteps: 1000,
    rewardThreshold: task.successBar,
    options: h1Options,
    missing: () => missingModel(humanoidBenchModels, path),
    create: async (options) => makeH1Env(await loadMujoco(), task, model, options),
  };
}
