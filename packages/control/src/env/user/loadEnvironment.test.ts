import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { makeEnv } from "../registry.ts";
import { makeVectorEnv } from "../vector/makeVectorEnv.ts";
import { workersFromSources } from "../vector/workerProgram.fixture.ts";
import { isEnvironmentFile, loadEnvironment } from "./loadEnvironment.ts";

workersFromSources();

const folder = mkdtempSync(join(tmpdir(), "era-environments-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/**
 * A module whose environment counts its steps; what it is made of can be replaced. It imports nothing: from sources as here, @era/control would be
 * another copy, to be compiled anew. (The command's tests load one that does.)
 */
const counter = (id: string, parts: Readonly<Record<string, string>> = {}): string => `
export default {
  id: "${id}",
  observationSpace: ${parts.observationSpace ?? "{ low: [-Infinity, -Infinity], high: [Infinity, Infinity] }"},
  actionSpace: ${parts.actionSpace ?? "{ low: [-1], high: [1] }"},
  maxEpisodeSteps: ${parts.maxEpisodeSteps ?? 10},
  create: ${
    parts.create ??
    `() => {
    let count = 0;
    return {
      reset: (random) => [(count = random.integer(5)), 0],
      step: ([push]) => ({ observation: [++count, push], reward: count }),
      saveState: () => [count],
      restoreState: ([saved]) => { count = saved; },
    };
  }`
  },
};`;

test("files are told from ids by their ending", () => {
  for (const name of ["my-env.ts", "./a/b.mjs", "x.js", "c.cts"]) expect(isEnvironmentFile(name)).toBe(true);
  for (const name of ["Hopper-v5", "dm_control/dog-run-v0", "./folder"]) expect(isEnvironmentFile(name)).toBe(false);
});

describe("an environment in a file", () => {
  test.each([
    ["typed.ts", `enum Unused { A }\nconst size: number = 2;\n${counter("Typed-v0")}`, "Typed-v0"],
    ["module.mjs", counter("Module-v0"), "Module-v0"],
    ["plain.js", counter("Plain-v0"), "Plain-v0"],
  ])("%s is loaded, once, and then known by its id, in worker threads too", async (name, content, id) => {
    const path = file(name, content);
    const definition = await loadEnvironment(path);
    expect(definition).toMatchObject({ id, module: path, suite: "user", maxEpisodeSteps: 10 });
    expect(await loadEnvironment(path)).toBe(definition);
    const env = await makeEnv(id, { maxEpisodeSteps: 2 });
    const [start = -1] = env.reset({ seed: 1 }).observation;
    expect(env.step([0.5])).toEqual({
      observation: Float64Array.of(start + 1, 0.5),
      reward: start + 1,
      terminated: false,
      truncated: false,
      info: {},
    });
    expect(env.step([0]).truncated).toBe(true);
    env.close();
    if (name !== "typed.ts") return;
    const vector = await makeVectorEnv(id, { count: 2, workers: 1 });
    const [first] = (await vector.reset({ seed: 1 })).observations;
    expect(first).toBe(start);
    await vector.close();
  });

  test.each([
    ["nothing.ts", undefined, "there is no such file"],
    ["broken.ts", "export default {\n  a: ,\n};", "can't be loaded: ParseError: Unexpected token"],
    ["throws.ts", "const x: number = 1;\n\nthrow new Error('no ' + x);", "can't be loaded: no 1 (line 3, column 7)"],
    ["import.ts", 'import "no-such-package";', "can't be loaded: Cannot find"],
    ["bare.ts", "export const env = 1;", "there is no default export; it must be an environment: export default"],
    ["number.ts", "export default 5;", "the default export is 5; it must be an environment: export default"],
    ["empty.ts", "export default {};", 'id is missing; it must be a name such as "PointMass-v0"'],
    ["id.ts", counter("two words"), 'id is "two words"; it must be a name such as "PointMass-v0"'],
    ["space.ts", counter("A-v0", { observationSpace: "7" }), "observationSpace is 7; it must be a box"],
    ["none.ts", counter("A-v0", { observationSpace: "{ low: [], high: [] }" }), "observationSpace has no elements"],
    ["bounds.ts", counter("A-v0", { actionSpace: "{ low: [1], high: [0] }" }), "actionSpace: Box: low[0] = 1 is not"],
    [
      "unbounded.ts",
      counter("A-v0", { actionSpace: "{ low: [-1, 0], high: [1, Infinity] }" }),
      "actionSpace is from 0 to Infinity in element 1; a policy needs finite bounds with room between them",
    ],
    ["choices.ts", counter("A-v0", { actionSpace: "{ n: 0 }" }), "actionSpace is of another kind; it must be a box"],
    ["steps.ts", counter("A-v0", { maxEpisodeSteps: "0.5" }), "maxEpisodeSteps is 0.5; it must be a positive whole"],
    ["create.ts", counter("A-v0", { create: '"x"' }), 'create is "x"; it must be a function'],
    ["clash.ts", counter("Hopper-v5"), 'the environment "Hopper-v5" exists already; choose another id'],
  ])("%s is refused in one line", async (name, content, message) => {
    const path = content === undefined ? join(folder, name) : file(name, content);
    const error = await loadEnvironment(path).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: "UsageError", message: expect.stringContaining(message) });
    expect((error as Error).message.startsWith(path)).toBe(true);
  });
});
