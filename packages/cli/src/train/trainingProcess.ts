/** Trainings in processes of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Starts `era train <algorithm>` with these arguments, in a process group of its own, so that the terminal's Ctrl-C reaches it through this
 * process only: over the channel of parentLink.ts.
 */
export function startTraining(algorithm: string, settings: readonly string[]): ChildProcess {
  const command = [...process.execArgv, process.argv[1] ?? "", "train", algorithm, ...settings, "--json"];
  return spawn(process.execPath, command, {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    detached: true,
    windowsHide: true,
  });
}

/** Waits for a process to end; why it failed, or undefined where it finished or was stopped in good order. */
export async function endOf(child: ChildProcess): Promise<string | undefined> {
  let lastLine = "";
  if (child.stderr) {
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (line.trim() !== "") lastLine = line;
    });
  }
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => {
      if (code === 0 || code === 130 || code === 143) resolve(undefined);
      else if (signal) resolve(`its process was ended by ${signal}`);
      else resolve(lastLine.replace(/^era: /, "") || `its process ended with exit code ${code}`);
    });
  });
}
