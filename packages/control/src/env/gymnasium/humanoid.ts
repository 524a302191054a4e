import { z } from "zod";
import { humanoid } from "../models/humanoid.ts";
import { defineRobot } from "../robot.ts";
import type { Simulation } from "../simulation.ts";
import { humanoidObservation, humanoidObservationOptions } from "./humanoidObservation.ts";
import { flag, frameSkip, noiseScale, range, weight, xmlFile } from "./options.ts";
import { inside } from "./planarWalker.ts";
import { addUniform, sumOfSquares } from "./vectors.ts";

/** Humanoid-v5: walk forward upright. Reward: velocity + healthy − control and contact costs. (gymnasium/envs/mujoco/humanoid_v5.py) */
export const humanoidV5 = defineRobot({
  id: "Humanoid-v5",
  maxEpisodeSteps: 1000,
  rewardThreshold: null,
  observationSize: 348,
  actionSize: 17,
  actionBound: 0.4,
  model: humanoid,
  options: z.strictObject({
    xmlFile,
    frameSkip: frameSkip(5),
    forwardRewardWeight: weight(1.25, "weight of the centre of mass's forward velocity (m/s)"),
    ctrlCostWeight: weight(0.1, "weight of the squared action"),
    contactCostWeight: weight(5e-7, "weight of the squared contact forces"),
    contactCostRange: range(-Infinity, 10, "what the contact cost is clipped to"),
    healthyReward: weight(5, "reward per step while healthy"),
    terminateWhenUnhealthy: flag(true, "end the episode when unhealthy"),
    healthyZRange: range(1, 2, "healthy heights of the torso (m)"),
    resetNoiseScale: noiseScale(1e-2),
    ...humanoidObservationOptions,
  }),

  task(simulation, options) {
    const dt = simulation.timestep * options.frameSkip;
    const [minContactCost, maxContactCost] = options.contactCostRange;
    const centreOfMass = centreOfMassOf(simulation);

    const resetInfo = () => {
      const { qpos, ten_length, ten_velocity } = simulation.fields;
      const [xPosition = 0, yPosition = 0] = qpos;
      return {
        xPosition,
        yPosition,
        tendonLength: Array.from(ten_length),
        tendonVelocity: Array.from(ten_velocity),
        distanceFromOrigin: Math.sqrt(xPosition * xPosition + yPosition * yPosition),
      };
    };

    return {
      frameSkip: options.frameSkip,
      ...humanoidObservation(simulation, options),

      perturb(random, qpos, qvel) {
        addUniform(random, qpos, options.resetNoiseScale);
        addUniform(random, qvel, options.resetNoiseScale);
      },

      resetInfo,

      step(action, advance) {
        const before = centreOfMass();
        advance();
        simulation.computeContactForces();
        const after = centreOfMass();

        const { qpos, cfrc_ext } = simulation.fields;
        const xVelocity = (after.x - before.x) / dt;
        const yVelocity = (after.y - before.y) / dt;
        const healthy = inside(qpos[2] ?? 0, options.healthyZRange);
        const rewardForward = options.forwardRewardWeight * xVelocity;
        const rewardSurvive = healthy ? options.healthyReward : 0;
        const rewardCtrl = -options.ctrlCostWeight * sumOfSquares(action);
        const contactCost = options.contactCostWeight * sumOfSquares(cfrc_ext);
        const rewardContact = -Math.min(Math.max(contactCost, minContactCost), maxContactCost);
        return {
          reward: rewardForward + rewardSurvive + (rewardCtrl + rewardContact),
          terminated: !healthy && options.terminateWhenUnhealthy,
          info: { ...resetInfo(), xVelocity, yVelocity, rewardSurvive, rewardForward, rewardCtrl, rewardContact },
        };
      },
    };
  },
});

/** The robot's centre of mass in the plane (m), from the positions of its bodies as last computed. */
function centreOfMassOf(simulation: Simulation): () => { x: number; y: number } {
  const masses = Float64Array.from(simulation.model.body_mass as Float64Array);
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  return () => {
    const { xipos } = simulation.fields;
    let x = 0;
    let y = 0;
    for (let body = 0; body < masses.length; body++) {
      const mass = masses[body] ?? 0;
      x += mass * (xipos[3 * body] ?? 0);
      y += mass * (xipos[3 * body + 1] ?? 0);
    }
    return { x: x / total, y: y / total };
  };
}
