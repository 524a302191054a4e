/**
 * The link between `era train --seeds` and the processes that train its seeds, over Node's channel between parent and child. The parent's wish to
 * stop comes this way and not as a signal, since a scheduler that signals all processes itself would make it the second, which ends a process at once.
 */
import type { TrainingProgress } from "@era/lab";

/** What a child tells its parent. */
export type ChildMessage = TrainingProgress;

/** What a parent tells its child: stop after the step at hand, as if this signal had come. */
export interface ParentMessage {
  readonly stop: "SIGINT" | "SIGTERM";
}

export interface ParentLink {
  /** Tells the parent where the run stands, at most ten times a second. */
  report(progress: TrainingProgress): void;
}

const PAUSE_MILLISECONDS = 100;

/** The link to the `era train --seeds` that started this process; undefined where none did. `onStop` is called where the parent asks for it, or is gone. */
export function connectParent(onStop: (signal: "SIGINT" | "SIGTERM") => void): ParentLink | undefined {
  if (process.send === undefined) return undefined;
  process.on("message", ({ stop }: ParentMessage) => onStop(stop));
  process.on("disconnect", () => onStop("SIGTERM"));
  // The link alone keeps no process alive.
  process.channel?.unref();
  let reportedAt = -Infinity;
  return {
    report(progress) {
      const now = performance.now();
      if (now - reportedAt < PAUSE_MILLISECONDS || !process.connected) return;
      reportedAt = now;
      // A parent that is gone has nobody to tell.
      process.send?.(progress satisfies ChildMessage, undefined, undefined, () => {});
    },
  };
}
