import { z } from "zod";
import { humanoidLying } from "../models/humanoid.ts";
import { defineRobot } from "../robot.ts";
import { humanoidObservation, humanoidObservationOptions } from "./humanoidObservation.ts";
import { frameSkip, noiseScale, range, weight, xmlFile } from "./options.ts";
import { addUniform, sumOfSquares } from "./vectors.ts";

/**
 * HumanoidStandup-v5: get up from lying on the back. Reward: height per physics step's time + 1 − control and impact costs; it never ends by itself. (The
 * weight `uph_cost_weight` has no effect in Gymnasium and is left out.) (gymnasium/envs/mujoco/humanoidstandup_v5.py)
 */
export const humanoidStandupV5 = defineRobot({
  id: "HumanoidStandup-v5",
  maxEpisodeSteps: 1000,
  rewardThreshold: null,
  observationSize: 348,
  actionSize: 17,
  actionBound: 0.4,
  model: humanoidLying,
  options: z.strictObject({
    xmlFile,
    frameSkip: frameSkip(5),
    ctrlCostWeight: weight(0.1, "weight of the squared action"),
    impactCostWeight: weight(0.5e-6, "weight of the squared contact forces"),
    impactCostRange: range(-Infinity, 10, "what the impact cost is clipped to"),
    resetNoiseScale: noiseScale(1e-2),
    ...humanoidObservationOptions,
  }),

  task(simulation, options) {
    const [minImpactCost, maxImpactCost] = options.impactCostRange;
    const startHeight = (simulation.model.qpos0 as Float64Array)[2] ?? 0;

    const resetInfo = () => {
      const { qpos, ten_length, ten_velocity } = simulation.fields;
      const [xPosition = 0, yPosition = 0, z = 0] = qpos;
      return {
        xPosition,
        yPosition,
        zDistanceFromOrigin: z - startHeight,
        tendonLength: Array.from(ten_length),
        tendonVelocity: Array.from(ten_velocity),
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
        advance();
        simulation.computeContactForces();
        const { qpos, cfrc_ext } = simulation.fields;
        const rewardLinup = (qpos[2] ?? 0) / simulation.timestep;
        const rewardQuadctrl = -options.ctrlCostWeight * sumOfSquares(action);
        const impactCost = options.impactCostWeight * sumOfSquares(cfrc_ext);
        const rewardImpact = -Math.min(Math.max(impactCost, minImpactCost), maxImpactCost);
        const reward = rewardLinup + rewardQuadctrl + rewardImpact + 1;
        return { reward, terminated: false, info: { ...resetInfo(), rewardLinup, rewardQuadctrl, rewardImpact } };
      },
    };
  },
});
