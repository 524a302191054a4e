import type { z } from "zod";
import { Box } from "../box.ts";
import type { EnvDefinition } from "../envDefinition.ts";
import { loadMujoco } from "../mujoco.ts";
import type { Robot } from "../robot.ts";
import { antV5 } from "./ant.ts";
import { halfCheetahV5 } from "./halfCheetah.ts";
import { hopperV5 } from "./hopper.ts";
import { humanoidV5 } from "./humanoid.ts";
import { humanoidStandupV5 } from "./humanoidStandup.ts";
import { invertedDoublePendulumV5 } from "./invertedDoublePendulum.ts";
import { invertedPendulumV5 } from "./invertedPendulum.ts";
import { pusherV5 } from "./pusher.ts";
import { reacherV5 } from "./reacher.ts";
import { swimmerV5 } from "./swimmer.ts";
import { walker2dV5 } from "./walker2d.ts";

const robots = {
  "HalfCheetah-v5": halfCheetahV5,
  "Hopper-v5": hopperV5,
  "Walker2d-v5": walker2dV5,
  "Ant-v5": antV5,
  "Humanoid-v5": humanoidV5,
  "HumanoidStandup-v5": humanoidStandupV5,
  "InvertedPendulum-v5": invertedPendulumV5,
  "InvertedDoublePendulum-v5": invertedDoublePendulumV5,
  "Swimmer-v5": swimmerV5,
  "Reacher-v5": reacherV5,
  "Pusher-v5": pusherV5,
} as const;

/** The ids of Gymnasium's robots. */
export type GymnasiumId = keyof typeof robots;

/** The options of each robot as a user writes them. */
export type GymnasiumOptions<Id extends GymnasiumId> = z.input<(typeof robots)[Id]["options"]>;

/** Gymnasium's MuJoCo robots (v5). Their models are built in. */
export const gymnasiumSuite: readonly EnvDefinition[] = Object.values<Robot>(robots).map((robot) => ({
  suite: "gymnasium",
  id: robot.id,
  observationSpace: Box.unbounded(robot.observationSize),
  actionSpace: Box.uniform("float32", robot.actionSize, -robot.actionBound, robot.actionBound),
  maxEpisodeSteps: robot.maxEpisodeSteps,
  rewardThreshold: robot.rewardThreshold,
  options: robot.options,
  create: async (options) => robot.create(await loadMujoco(), options),
}));
