/**
 * An environment of one's own: a point mass on a plane, pushed towards a goal that is elsewhere in every episode.
 *
 *   npx era envs examples/src/environments/pointMass.ts                          # shows and checks it
 *   npx era train sac --env examples/src/environments/pointMass.ts --steps 5000
 *
 * A file like this needs no build and no project around it: `era` runs TypeScript as it is, and @era/control is always its own.
 */
import { Box, type Dynamics, type DynamicsStep, defineEnvironment } from "@era/control";
import type { Random } from "@era/tensor";

/** Seconds per step. */
const dt = 0.05;
const mass = 1;
/** Friction in newtons per metre per second. */
const friction = 0.5;
/** The plane is [−1, 1]²; walls stop the mass. */
const wall = 1;

/** Observation: position, velocity, and the way to the goal. Action: the force, within ±1 N in each direction. */
class PointMass implements Dynamics {
  #position: [number, number] = [0, 0];
  #velocity: [number, number] = [0, 0];
  #goal: [number, number] = [0, 0];

  reset(random: Random): number[] {
    const somewhere = (): [number, number] => [random.uniform(-wall, wall), random.uniform(-wall, wall)];
    this.#position = somewhere();
    this.#goal = somewhere();
    this.#velocity = [0, 0];
    return this.#observe();
  }

  step(action: Float32Array): DynamicsStep {
    for (const axis of [0, 1] as const) {
      const force = Math.min(Math.max(action[axis] ?? 0, -1), 1);
      this.#velocity[axis] += (dt * (force - friction * this.#velocity[axis])) / mass;
      this.#position[axis] += dt * this.#velocity[axis];
      if (Math.abs(this.#position[axis]) > wall) {
        this.#position[axis] = Math.sign(this.#position[axis]) * wall;
        this.#velocity[axis] = 0;
      }
    }
    const distance = Math.hypot(this.#goal[0] - this.#position[0], this.#goal[1] - this.#position[1]);
    return { observation: this.#observe(), reward: 1 - distance, info: { distance } };
  }

  saveState(): number[] {
    return [...this.#position, ...this.#velocity, ...this.#goal];
  }

  restoreState([x = 0, y = 0, vx = 0, vy = 0, goalX = 0, goalY = 0]: Float64Array): void {
    this.#position = [x, y];
    this.#velocity = [vx, vy];
    this.#goal = [goalX, goalY];
  }

  #observe(): number[] {
    const [x, y] = this.#position;
    return [x, y, ...this.#velocity, this.#goal[0] - x, this.#goal[1] - y];
  }
}

export default defineEnvironment({
  id: "PointMass-v0",
  observationSpace: Box.unbounded(6),
  actionSpace: Box.uniform("float32", 2, -1, 1),
  maxEpisodeSteps: 100,
  create: () => new PointMass(),
});
