import { expect } from "vitest";
import { MujocoEnv } from "../mujocoEnv.ts";
import { makeEnv } from "../registry.ts";
import type { Simulation } from "../simulation.ts";

/** Calls `look` at the beginning of many episodes. */
export async function episodes(task: string, count: number, look: (simulation: Simulation) => void): Promise<void> {
  const env = await makeEnv(`dm_control/${task}-v0`);
  const robot = env.unwrapped;
  if (!(robot instanceof MujocoEnv)) throw new Error(`${env.id} is not simulated by MuJoCo`);
  for (let n = 0; n < count; n++) {
    env.reset(n === 0 ? { seed: 7 } : {});
    look(robot.simulation);
  }
  env.close();
}

/**
 * Asserts that numbers look uniform on [low, high]: all within, and mean and mean square as they should be, up to five standard
 * errors.
 */
export function expectUniform(values: readonly number[], low: number, high: number): void {
  const unit = values.map((value) => (value - low) / (high - low));
  for (const value of unit) expect(value >= 0 && value <= 1).toBe(true);
  const mean = (power: number) => unit.reduce((sum, value) => sum + value ** power, 0) / unit.length;
  expect(Math.abs(mean(1) - 1 / 2)).toBeLessThan(5 / Math.sqrt(12 * unit.length));
  expect(Math.abs(mean(2) - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / unit.length));
}

/** Asserts that numbers have mean 0 and a deviation, up to five standard errors, as normal ones do. */
export function expectNormal(values: readonly number[], deviation: number): void {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan((5 * deviation) / Math.sqrt(values.length));
  expect(Math.abs(square / deviation ** 2 - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
}
