import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environments, sacConfigSchema } from "@era/control";
import { flagsFromSchema } from "@era/lab";
import { beforeAll, describe, expect, it } from "vitest";
import { era, temporaryFolder } from "./cli.fixture.ts";

const folder = temporaryFolder();
beforeAll(() => {
  mkdirSync(join(folder, "no-run"));
  writeFileSync(join(folder, "no-run", "notes.txt"), "mine");
  writeFileSync(join(folder, "list.json"), "[1]");
  writeFileSync(join(folder, "broken.json"), "{");
  writeFileSync(join(folder, "misspelt.json"), '{ "discont": 0.9 }');
});

describe.concurrent("a wrong command is one line on standard error that says what is allowed, exit code 2:", () => {
  it.each([
    ["", /^era: choose a command; see era --help$/],
    ["tran", /^era: unknown command "tran"; did you mean train\? Allowed: train, eval, /],
    ["train", /^era: choose a command; see era --help$/],
    ["train sak", /^era: unknown command "sak"; did you mean sac\? Allowed: sac, [a-z0-9, ]+$/],
    ["train sac --discont 0.9", /^era: --discont: unknown flag; did you mean --discount\?$/],
    ["train sac --qwertz 1", /^era: --qwertz: unknown flag; see --help for all of them$/],
    [
      "train sac --env Hoper-v5",
      /^era: unknown environment "Hoper-v5"; did you mean Hopper-v5\? All \d+: npx era envs$/,
    ],
    ["train sac --head ear", /^era: --head ear: must be one of era, maxent, clamped$/],
    ["train sac --discount 1.5", /^era: --discount 1\.5: must be a number from 0 to 1$/],
    ["train sac --steps 0", /^era: --steps 0: must be a whole number at least 1$/],
    ["train sac --steps many", /^era: --steps many: must be a whole number at least 1$/],
    ["train sac --hidden 64,x", /^era: --hidden 64,x: must be whole numbers at least 1, separated by commas/],
    ["train sac --steps", /^era: option '--steps <number>' argument missing$/],
    ["train sac now", /^era: too many arguments for 'sac'/],
    ["train sac --entropy 3", /^era: --entropy 3: .* it must lie in \[-6\.581, 1\.4189\]$/],
    [
      "train sac --entropy 0.9 --entropy-of policy",
      /^era: --entropy 0\.9: .* of the policy .* it must lie in \[-?[\d.]+, 0\.\d+\]$/,
    ],
    [
      "train sac --head maxent --target-entropy 9",
      /^era: --target-entropy 9: .* of 6 squashed actions is at most 4\.1\d* nats$/,
    ],
    [
      "train sac --log-std-min 1",
      /^era: --log-std-min 1: the smallest log deviation, 1, must be below the largest, 0$/,
    ],
    [
      "train sac --head clamped --log-std-max -9",
      /^era: --log-std-min: the smallest log deviation, -8, must be below the largest, -9$/,
    ],
    ["bench train sax", /^era: unknown algorithm to compare "sax"; did you mean sac\?/],
    ["bench train sac --seeds 1,x --no-setup", /^era: --seeds x: /],
    ["train sac --run no-run", /^era: no-run is not empty \(notes\.txt\): choose another folder for the run$/],
    ["train sac --run list.json", /^era: list\.json can't be made: EEXIST/],
    ["train sac --resume no-run", /^era: no-run is not a run folder: it has no config\.json$/],
    ["train sac --resume nowhere", /^era: nowhere is not a run folder: it has no config\.json$/],
    ["train sac --resume no-run --run x", /^era: --resume continues .*: leave out --run and --config$/],
    ["train sac --config nowhere.json", /^era: --config nowhere\.json: there is no such file$/],
    ["train sac --config broken.json", /^era: --config broken\.json: not JSON: /],
    ["train sac --config list.json", /^era: --config list\.json: must be a JSON object of settings$/],
    ["train sac --config misspelt.json", /^era: --discont: unknown flag; did you mean --discount\?$/],
    ["eval", /^era: missing required argument 'runs'$/],
    ["eval nowhere", /^era: nowhere: there is no such run folder or \.onnx file$/],
    ["eval no-run", /^era: no-run is not a run folder: it has no config\.json$/],
    ["eval no-run --episodes 0", /^era: --episodes 0: must be a whole number of at least 1$/],
    ["export nowhere", /^era: nowhere is not a run folder: it has no config\.json$/],
    ["report nowhere", /^era: nowhere is not a run folder: it has no config\.json$/],
    ["bench update --only torch", /^era: torch is not one of torch-eager, /],
    ["bench env --envs Hopper", /^era: Hopper is not one of HalfCheetah-v5, /],
  ])("era %s", async (line, message) => {
    const { code, stdout, stderr } = await era(folder, ...line.split(" ").filter(Boolean));
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(existsSync(join(folder, "runs"))).toBe(false);
    expect(readdirSync(join(folder, "no-run"))).toEqual(["notes.txt"]);
  });
});

describe("era", () => {
  it("explains each command, and every setting of training", async () => {
    const { code, stdout } = await era(folder, "train", "sac", "--help");
    expect(code).toBe(0);
    for (const { name } of flagsFromSchema(sacConfigSchema)) expect(stdout).toContain(`--${name} `);
    expect(stdout).toMatch(/Exit codes: 0 finished; 1 failed .* 130 stopped by Ctrl-C/);
    const { stdout: all } = await era(folder, "--help");
    for (const command of ["train", "eval", "export", "report", "envs", "bench"]) expect(all).toContain(command);
  });

  it("lists the environments, for people and as JSON", async () => {
    const { stdout } = await era(folder, "envs", "--json");
    const list = JSON.parse(stdout) as { id: string; observations: number; actions: number }[];
    expect(list.map(({ id }) => id)).toEqual(environments.map(({ id }) => id));
    expect(list).toContainEqual({
      suite: "gymnasium",
      id: "Humanoid-v5",
      observations: 348,
      actions: 17,
      actionRange: [-0.4000000059604645, 0.4000000059604645],
      maxEpisodeSteps: 1000,
      missing: null,
    });
    const { stdout: table } = await era(folder, "envs");
    expect(table).toMatch(/^gymnasium$/m);
    expect(table).toMatch(/^ {2}Humanoid-v5 +348 observations +17 actions in \[-0\.4, 0\.4\] +1000 steps$/m);
  });
});
