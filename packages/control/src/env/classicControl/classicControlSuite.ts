import type { EnvDefinition } from "../envDefinition.ts";
import { acrobotV1 } from "./acrobot.ts";
import { cartPoleV1 } from "./cartPole.ts";
import { mountainCarV0 } from "./mountainCar.ts";
import { pendulumV1 } from "./pendulum.ts";

/** Gymnasium's classic control tasks: no simulator, three of them with discrete actions. */
export const classicControlSuite: readonly EnvDefinition[] = [cartPoleV1, acrobotV1, mountainCarV0, pendulumV1];
