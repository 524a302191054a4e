/** Settings that every algorithm has, whatever its domain. */
import * as z from "zod";

export const seedSetting = () =>
  z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(1)
    .describe("Seed of everything random");

export const threadsSetting = () =>
  z.int().min(0).default(0).describe("Threads per operation; 0: as many as there are cores");
