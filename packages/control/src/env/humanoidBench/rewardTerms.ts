import { tolerance } from "../tolerance.ts";
import type { H1 } from "./h1.ts";

/** Height of the head (m) from which on H1 stands. */
const STAND_HEIGHT = 1.65;

/** 1 while the head is at standing height (on a base of height `above`, m), less the lower it is. */
export function standing(robot: H1, above = 0): number {
  return tolerance(robot.headHeight, { bounds: [STAND_HEIGHT + above, Infinity], margin: STAND_HEIGHT / 4 });
}

/** 1 while the torso's uprightness is at least `least`, falling linearly to 0 at `margin` below. */
export function upright(robot: H1, least = 0.9, margin = 1.9): number {
  return tolerance(robot.uprightness, { bounds: [least, Infinity], sigmoid: "linear", margin, valueAtMargin: 0 });
}

/** Between 4/5 and 1: 1 where no actuator exerts a force, quadratically less up to 10 (N·m) in each. */
export function smallControl(robot: H1): number {
  const { actuator_force } = robot.simulation.fields;
  let sum = 0;
  for (const force of actuator_force) sum += tolerance(force, { margin: 10, valueAtMargin: 0, sigmoid: "quadratic" });
  return (4 + sum / actuator_force.length) / 5;
}

/** Between 1/6 and 1: 1 from the forward velocity `speed` (m/s) on, linearly less below. */
export function moving(robot: H1, speed: number): number {
  const [forward] = robot.velocity;
  const move = tolerance(forward, { bounds: [speed, Infinity], margin: speed, valueAtMargin: 0, sigmoid: "linear" });
  return (5 * move + 1) / 6;
}

/** 1 while the centre of mass does not move horizontally, 0.1 at 2 m/s along both axes. */
export function still(robot: H1): number {
  const [forward, left] = robot.velocity;
  return (tolerance(forward, { margin: 2 }) + tolerance(left, { margin: 2 })) / 2;
}
