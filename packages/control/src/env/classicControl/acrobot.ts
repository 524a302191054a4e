import { z } from "zod";
import { Box } from "../box.ts";
import { Discrete } from "../discrete.ts";
import { defineClassic, symmetric, within } from "./classicControl.ts";

/** Duration of a step (s). */
const DT = 0.2;
const GRAVITY = 9.8;
/** Both links alike: length (m), its part up to the centre of mass, mass (kg), moment of inertia. */
const LENGTH = 1;
const CENTRE = 0.5;
const MASS = 1;
const INERTIA = 1;
const MAX_SPEEDS = [4 * Math.PI, 9 * Math.PI] as const;
const TORQUES = [-1, 0, 1] as const;

/**
 * Acrobot-v1 (Sutton 1996): swing the end of two links above a line by a torque on the joint between them, −1 (0), 0 (1) or 1 N·m (2).
 * Reward: −1 per step until then, 0 at the end. Dynamics of Sutton & Barto's book. (gymnasium/envs/classic_control/acrobot.py)
 *
 * State: angle of the first link from hanging down, of the second from the first's direction (rad), and their velocities.
 */
export const acrobotV1 = defineClassic({
  id: "Acrobot-v1",
  observationSpace: new Box("float64", ...symmetric(1, 1, 1, 1, ...MAX_SPEEDS)),
  actionSpace: new Discrete(3),
  maxEpisodeSteps: 500,
  rewardThreshold: -100,
  options: z.strictObject({}),

  task: () => ({
    stateSize: 4,

    begin(random, state) {
      // Gymnasium rounds the first state to float32.
      for (let i = 0; i < 4; i++) state[i] = Math.fround(random.uniform(-0.1, 0.1));
    },

    observe: ([first = 0, second = 0, firstSpeed = 0, secondSpeed = 0]) => [
      Math.cos(first),
      Math.sin(first),
      Math.cos(second),
      Math.sin(second),
      firstSpeed,
      secondSpeed,
    ],

    step(state, action) {
      const torque = TORQUES[action] ?? 0;
      const [first = 0, second = 0, firstSpeed = 0, secondSpeed = 0] = rungeKutta(Array.from(state), torque);
      state.set([
        wrapped(first),
        wrapped(second),
        within(firstSpeed, MAX_SPEEDS[0]),
        within(secondSpeed, MAX_SPEEDS[1]),
      ]);
      const [upper = 0, lower = 0] = state;
      const terminated = -Math.cos(upper) - Math.cos(lower + upper) > 1;
      return { reward: terminated ? 0 : -1, terminated };
    },
  }),
});

/** One step of the classical fourth-order method. */
function rungeKutta(state: readonly number[], torque: number): number[] {
  const along = (slope: readonly number[], time: number) => state.map((value, i) => value + time * (slope[i] ?? 0));
  const k1 = slopes(state, torque);
  const k2 = slopes(along(k1, DT / 2), torque);
  const k3 = slopes(along(k2, DT / 2), torque);
  const k4 = slopes(along(k3, DT), torque);
  return state.map(
    (value, i) => value + (DT / 6) * ((k1[i] ?? 0) + 2 * (k2[i] ?? 0) + 2 * (k3[i] ?? 0) + (k4[i] ?? 0)),
  );
}

/** Time derivatives of the state. */
function slopes([first = 0, second = 0, firstSpeed = 0, secondSpeed = 0]: readonly number[], torque: number): number[] {
  const [cos, sin] = [Math.cos(second), Math.sin(second)];
  const coupling = MASS * LENGTH * CENTRE;
  const d1 = MASS * CENTRE ** 2 + MASS * (LENGTH ** 2 + CENTRE ** 2 + 2 * LENGTH * CENTRE * cos) + 2 * INERTIA;
  const d2 = MASS * (CENTRE ** 2 + LENGTH * CENTRE * cos) + INERTIA;
  const phi2 = MASS * CENTRE * GRAVITY * Math.cos(first + second - Math.PI / 2);
  const phi1 =
    -coupling * secondSpeed ** 2 * sin -
    2 * coupling * secondSpeed * firstSpeed * sin +
    (MASS * CENTRE + MASS * LENGTH) * GRAVITY * Math.cos(first - Math.PI / 2) +
    phi2;
  const secondPull = torque + (d2 / d1) * phi1 - coupling * firstSpeed ** 2 * sin - phi2;
  const secondAcc = secondPull / (MASS * CENTRE ** 2 + INERTIA - d2 ** 2 / d1);
  const firstAcc = -(d2 * secondAcc + phi1) / d1;
  return [firstSpeed, secondSpeed, firstAcc, secondAcc];
}

/** The same angle on [−π, π]. */
function wrapped(angle: number): number {
  let turned = angle;
  while (turned > Math.PI) turned -= 2 * Math.PI;
  while (turned < -Math.PI) turned += 2 * Math.PI;
  return turned;
}
