import { z } from "zod";
import { EnvError } from "../env.ts";
import { ant } from "../models/ant.ts";
import { defineRobot } from "../robot.ts";
import type { Simulation } from "../simulation.ts";
import { flag, frameSkip, noiseScale, range, weight, xmlFile } from "./options.ts";
import { addNormal, addUniform, append, appendClipped, sumOfSquares, sumOfSquaresClipped } from "./vectors.ts";

/** cfrc_ext holds six numbers (torque, force) for each body, the world's first. */
const PER_BODY = 6;

/** Ant-v5: go forward on four legs. Reward: velocity + healthy − control and contact costs. (gymnasium/envs/mujoco/ant_v5.py) */
export const antV5 = defineRobot({
  id: "Ant-v5",
  maxEpisodeSteps: 1000,
  rewardThreshold: 6000,
  observationSize: 105,
  actionSize: 8,
  actionBound: 1,
  model: ant,
  options: z.strictObject({
    xmlFile,
    frameSkip: frameSkip(5),
    forwardRewardWeight: weight(1, "weight of the forward velocity (m/s)"),
    ctrlCostWeight: weight(0.5, "weight of the squared action"),
    contactCostWeight: weight(5e-4, "weight of the squared contact forces, after clipping"),
    healthyReward: weight(1, "reward per step while healthy"),
    mainBody: z.union([z.int(), z.string()]).default(1).describe("the body whose velocity counts, by number or name"),
    terminateWhenUnhealthy: flag(true, "end the episode when unhealthy"),
    healthyZRange: range(0.2, 1, "healthy heights of the torso (m)"),
    contactForceRange: range(-1, 1, "what contact forces are clipped to"),
    resetNoiseScale: noiseScale(0.1),
    excludeCurrentPositionsFromObservation: flag(true, "leave x and y out of the observation"),
    includeCfrcExtInObservation: flag(true, "observe the contact forces on each body"),
  }),

  task(simulation, options) {
    const dt = simulation.timestep * options.frameSkip;
    const skipped = options.excludeCurrentPositionsFromObservation ? 2 : 0;
    const forces = options.includeCfrcExtInObservation ? PER_BODY * (simulation.nbody - 1) : 0;
    const [minForce, maxForce] = options.contactForceRange;
    const [minZ, maxZ] = options.healthyZRange;
    const mainBody = 3 * bodyIndex(simulation, options.mainBody);

    const resetInfo = () => {
      const [xPosition = 0, yPosition = 0] = simulation.fields.qpos;
      return { xPosition, yPosition, distanceFromOrigin: Math.sqrt(xPosition * xPosition + yPosition * yPosition) };
    };

    return {
      frameSkip: options.frameSkip,
      observationSize: simulation.nq + simulation.nv - skipped + forces,

      perturb(random, qpos, qvel) {
        addUniform(random, qpos, options.resetNoiseScale);
        addNormal(random, qvel, options.resetNoiseScale);
      },

      observe(out) {
        const { qpos, qvel, cfrc_ext } = simulation.fields;
        const end = append(out, append(out, 0, qpos, skipped), qvel);
        if (forces > 0) appendClipped(out, end, cfrc_ext, minForce, maxForce, PER_BODY);
      },

      resetInfo,

      step(action, advance) {
        const before = simulation.fields.xpos;
        const xBefore = before[mainBody] ?? 0;
        const yBefore = before[mainBody + 1] ?? 0;
        advance();
        simulation.computeContactForces();

        const { qpos, xpos, cfrc_ext } = simulation.fields;
        const xVelocity = ((xpos[mainBody] ?? 0) - xBefore) / dt;
        const yVelocity = ((xpos[mainBody + 1] ?? 0) - yBefore) / dt;
        const z = qpos[2] ?? 0;
        const healthy = minZ <= z && z <= maxZ;
        const rewardForward = options.forwardRewardWeight * xVelocity;
        const rewardSurvive = healthy ? options.healthyReward : 0;
        const rewardCtrl = -options.ctrlCostWeight * sumOfSquares(action);
        const rewardContact = -options.contactCostWeight * sumOfSquaresClipped(cfrc_ext, minForce, maxForce);
        return {
          reward: rewardForward + rewardSurvive + (rewardCtrl + rewardContact),
          terminated: !healthy && options.terminateWhenUnhealthy,
          info: { ...resetInfo(), xVelocity, yVelocity, rewardForward, rewardCtrl, rewardContact, rewardSurvive },
        };
      },
    };
  },
});

function bodyIndex(simulation: Simulation, body: number | string): number {
  const { mujoco, model, nbody } = simulation;
  const index = typeof body === "number" ? body : mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY.value, body);
  if (index < 0 || index >= nbody) {
    throw new EnvError(
      `Ant-v5: option mainBody: the model has no body ${JSON.stringify(body)}; its bodies are numbered 0 to ${nbody - 1}`,
    );
  }
  return index;
}
