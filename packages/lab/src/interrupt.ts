const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Calls `stop` at the first Ctrl-C (or SIGTERM, as job schedulers send it), for the loop to end after the step at hand,
 * save its checkpoint and say how to resume. The second one ends the process at once, as if there were no handler.
 * Signals arrive only while the event loop turns: a loop that never awaits real input or output doesn't see them.
 *
 * @returns the function that restores the usual behaviour
 */
export function onInterrupt(stop: (signal: "SIGINT" | "SIGTERM") => void): () => void {
  let asked = false;
  const handle = (signal: NodeJS.Signals) => {
    if (asked) {
      dispose();
      process.kill(process.pid, signal);
      return;
    }
    asked = true;
    stop(signal === "SIGTERM" ? "SIGTERM" : "SIGINT");
  };
  const dispose = () => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return dispose;
}
