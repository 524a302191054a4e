import { Box } from "../box.ts";
import type { EnvDefinition } from "../envDefinition.ts";
import { loadMujoco } from "../mujoco.ts";
import { missingModel, suiteModel } from "../suites/modelSuite.ts";
import { humanoidBenchModels } from "../suites/modelSuites.ts";
import { H1 } from "./h1.ts";
import { h1Id, h1ModelPath, h1Options, h1Tasks, makeH1Env } from "./humanoidBench.ts";

/** HumanoidBench's tasks for Unitree's H1 without hands. Their models belong to others: `era models add humanoid_bench`. */
export const humanoidBenchSuite: readonly EnvDefinition[] = h1Tasks.map((task) => ({
  suite: "humanoid_bench",
  id: h1Id(task),
  observationSpace: Box.unbounded(task.observationSize),
  actionSpace: Box.uniform("float32", H1.actuators, -1, 1),
  maxEpisodeSteps: 1000,
  rewardThreshold: task.successBar,
  options: h1Options,
  missing: () => missingModel(humanoidBenchModels, h1ModelPath(task)),
  async create(options) {
    const uses = (path: string) => !path.startsWith("envs/");
    return makeH1Env(await loadMujoco(), task, suiteModel(humanoidBenchModels, h1ModelPath(task), { uses }), options);
  },
}));
