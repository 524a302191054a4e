import type { EnvDefinition } from "../envDefinition.ts";
import { acrobot } from "./acrobot.ts";
import { ballInCup } from "./ballInCup.ts";
import { cartpole } from "./cartpole.ts";
import { cheetah } from "./cheetah.ts";
import { dog } from "./dog.ts";
import { finger } from "./finger.ts";
import { fish } from "./fish.ts";
import { hopper } from "./hopper.ts";
import { humanoid } from "./humanoid.ts";
import { pendulum } from "./pendulum.ts";
import { pointMass } from "./pointMass.ts";
import { quadruped } from "./quadruped.ts";
import { reacher } from "./reacher.ts";
import { swimmer } from "./swimmer.ts";
import { walker } from "./walker.ts";

/** The DeepMind Control suite (arXiv 1801.00690). Its models are the user's: `era models add dm_control`. */
export const dmControlSuite: readonly EnvDefinition[] = [
  ...acrobot,
  ...ballInCup,
  ...cartpole,
  ...cheetah,
  ...dog,
  ...finger,
  ...fish,
  ...hopper,
  ...humanoid,
  ...pendulum,
  ...pointMass,
  ...quadruped,
  ...reacher,
  ...swimmer,
  ...walker,
];
