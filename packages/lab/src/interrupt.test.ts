import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundle } from "./fixtures/bundle.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "era-interrupt-"));
let script: string;
beforeAll(async () => {
  script = await bundle("interruptedLoop.fixture.ts", folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * Starts the loop, sends each signal when the line before it has appeared; returns what it printed and how it ended.
 */
async function interrupted(signals: [after: string, signal: NodeJS.Signals][], ...options: string[]) {
  const child = spawn(process.execPath, [script, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (signals[0] && output.includes(signals[0][0])) child.kill(signals.shift()?.[1]);
  });
  const [code, signal] = await exited;
  return { output, code, signal };
}

it("the first Ctrl-C asks the loop to stop", async () => {
  const { output, code } = await interrupted([["running", "SIGINT"]]);
  expect(output).toBe("running\nasked by SIGINT\nstopped, handlers left: 0\n");
  expect(code).toBe(0);
});

it("so does a job scheduler's SIGTERM", async () => {
  const { output, code } = await interrupted([["running", "SIGTERM"]]);
  expect(output).toContain("asked by SIGTERM");
  expect(code).toBe(0);
});

it("the second one ends the process, by the signal", async () => {
  const { output, signal } = await interrupted(
    [
      ["running", "SIGINT"],
      ["asked", "SIGINT"],
    ],
    "deaf",
  );
  expect(output).toBe("running\nasked by SIGINT\n");
  expect(signal).toBe("SIGINT");
});
