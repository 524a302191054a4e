/** Settings as several algorithms have them; what differs, each says itself. */
import * as z from "zod";

export const count = () => z.int().min(1);
export const rate = () => z.number().positive().max(1);
export const weight = () => z.number().min(0);
export const logStd = () => z.number().min(-20).max(2);

export const env = () => z.string().default("HalfCheetah-v5").describe("Environment");

export const seed = () =>
  z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(1)
    .describe("Seed of everything random");

export const bufferSize = () => count().max(2 ** 32);

export const threads = () => z.int().min(0).default(0).describe("Threads per operation; 0: as many as there are cores");
