import { z } from "zod";

/** `frame_skip`: physics steps per environment step. */
export const frameSkip = (steps: number) =>
  z.int().positive().default(steps).describe("physics steps per environment step");

/** A weight of the reward, or another finite number. */
export const weight = (value: number, what: string) => z.number().default(value).describe(what);

/** A Gymnasium switch. */
export const flag = (value: boolean, what: string) => z.boolean().default(value).describe(what);

/** `reset_noise_scale`. */
export const noiseScale = (scale: number) =>
  z.number().nonnegative().default(scale).describe("scale of the initial state's noise");

/** `xml_file`. */
export const xmlFile = z
  .string()
  .optional()
  .describe("MJCF file to use in place of the built-in model; complete in itself");

/** An interval `[low, high]`; null stands for no bound (JSON writes an infinite number as null). */
export const range = (low: number, high: number, what: string) =>
  z
    .tuple([bound(-Infinity), bound(Infinity)])
    .refine(([low, high]) => low <= high, { error: "the lower bound is above the upper one" })
    .default([low, high])
    .describe(what);

function bound(unbounded: number) {
  return z.union([z.number(), z.literal([Infinity, -Infinity]), z.null().transform(() => unbounded)]);
}
