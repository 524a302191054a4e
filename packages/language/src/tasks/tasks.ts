import { arithmetic } from "./arithmetic.ts";
import { countdown } from "./countdown.ts";
import type { Task } from "./task.ts";

export const taskNames = ["countdown", "arithmetic"] as const;
export type TaskName = (typeof taskNames)[number];

/** The tasks with generated problems. */
export const tasks: Readonly<Record<TaskName, Task>> = { countdown, arithmetic };
