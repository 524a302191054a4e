import { dmControlManifest } from "./dmControlManifest.ts";
import { humanoidBenchManifest } from "./humanoidBenchManifest.ts";
import type { ModelSuite } from "./modelSuite.ts";

/** The models of the DeepMind Control suite (Apache-2.0), which lie in its Python package beside the tasks. */
export const dmControlModels: ModelSuite = {
  name: "dm_control",
  release: "dm_control 1.0.47",
  layouts: [".", "suite", "dm_control/suite"],
  wheel: { requirement: "dm_control==1.0.47", folder: "dm_control/suite" },
  files: dmControlManifest,
};

/** The models of HumanoidBench (MIT; H1's meshes: BSD-3), which lie in its repository. */
export const humanoidBenchModels: ModelSuite = {
  name: "humanoid_bench",
  release: "humanoid-bench at commit 791405f",
  layouts: [".", "assets", "humanoid_bench/assets"],
  files: humanoidBenchManifest,
};

/** All suites whose models users register. */
export const modelSuites: readonly ModelSuite[] = [dmControlModels, humanoidBenchModels];
