import type { Random } from "@era/tensor";
import { cubicZoom } from "./cubicZoom.ts";

/** Distance between the bumps (m), and how high the lowest may be relative to the highest. */
const BUMP_SCALE = 2;
const SMOOTHNESS = 0.15;

/**
 * The heights of the bowl that the quadruped escapes from, in [0, 1], row-major `[resolution, resolution]`: lowest in the middle, highest on
 * a circle of half the size, with smooth random bumps. (`Escape.initialize_episode` in dm_control/suite/quadruped.py)
 *
 * @param size the side of the terrain (m)
 */
export function bowl(random: Random, resolution: number, size: number): Float32Array {
  const bumps = Math.floor(size / BUMP_SCALE);
  const heights = Float64Array.from({ length: bumps * bumps }, () => random.uniform(SMOOTHNESS, 1));
  const smooth = cubicZoom(heights, bumps, resolution);
  return Float32Array.from(smooth, (height, i) => {
    const [x, y] = [i % resolution, Math.floor(i / resolution)].map((index) => -1 + (2 * index) / (resolution - 1)) as [
      number,
      number,
    ];
    const radius = Math.min(Math.max(Math.sqrt(x * x + y * y), 0.04), 1);
    return (0.5 - Math.cos(2 * Math.PI * radius) / 2) * height;
  });
}
