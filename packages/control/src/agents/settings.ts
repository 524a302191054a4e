/** Settings as several algorithms have them; what differs, each says itself. */
import * as z from "zod";

export { seedSetting as seed, threadsSetting as threads } from "@era/lab";

export const count = () => z.int().min(1);
export const rate = () => z.number().positive().max(1);
export const weight = () => z.number().min(0);
export const logStd = () => z.number().min(-20).max(2);

export const env = () => z.string().default("HalfCheetah-v5").describe("Environment");

export const bufferSize = () => count().max(2 ** 32);
