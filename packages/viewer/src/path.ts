/**
 * Where the camera looks: the moving bodies' centre of mass, smoothed over time. It depends on the moment alone, so that a moment looks the
 * same however one came there.
 */
import { Vector3 } from "three";
import { POSE } from "./figure.ts";
import type { Replay } from "./replay.ts";

/** Deviation in seconds of the Gaussian that smooths the path. */
const SMOOTHING = 0.5;

export class Path {
  /** One point for each state. */
  readonly #points: readonly Vector3[];

  /** @param size Radius of what moves: a path that stays within half of it is none, and the camera stands still. */
  constructor(replay: Replay, size: number) {
    const points = smooth(massCentres(replay), replay.times);
    const middle = mean(points);
    const isStill = points.every((point) => point.distanceTo(middle) < 0.5 * size);
    this.#points = isStill ? points.map(() => middle) : points;
  }

  /** The point between state `index` and the next, `part` (0 to 1) of the way. */
  at(index: number, part: number, out: Vector3): Vector3 {
    const from = this.#points[index];
    const to = this.#points[Math.min(index + 1, this.#points.length - 1)];
    return from && to ? out.lerpVectors(from, to, part) : out;
  }
}

/** At each state; the world's origin where nothing with a mass moves. */
function massCentres({ times, moving, poses, scene }: Replay): Vector3[] {
  const masses = moving.map((body) => scene.bodies[body]?.mass ?? 0);
  const total = masses.reduce((sum, mass) => sum + mass, 0) || 1;
  const position = new Vector3();
  return Array.from(times, (_, state) => {
    const centre = new Vector3();
    for (const [i, mass] of masses.entries()) {
      centre.addScaledVector(position.fromArray(poses, POSE * (state * moving.length + i)), mass / total);
    }
    return centre;
  });
}

function smooth(points: readonly Vector3[], times: Float32Array): Vector3[] {
  return points.map((_, state) => {
    const now = times[state] ?? 0;
    const smoothed = new Vector3();
    let total = 0;
    const add = (other: number): boolean => {
      const [point, distance] = [points[other], (times[other] ?? 0) - now];
      if (point === undefined || Math.abs(distance) > 3 * SMOOTHING) return false;
      const weight = Math.exp(-0.5 * (distance / SMOOTHING) ** 2);
      smoothed.addScaledVector(point, weight);
      total += weight;
      return true;
    };
    for (let other = state; add(other); other++);
    for (let other = state - 1; add(other); other--);
    return smoothed.divideScalar(total);
  });
}

function mean(points: readonly Vector3[]): Vector3 {
  const sum = new Vector3();
  for (const point of points) sum.add(point);
  return sum.divideScalar(points.length || 1);
}
