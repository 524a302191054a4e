import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { era, temporaryFolder } from "../cli.fixture.ts";

const folder = temporaryFolder();
process.env.ERA_HOME = join(folder, "home");

describe.concurrent("era models", () => {
  it.each([
    ["models", /^era: choose a command; see era models --help|^era: choose a command; see era --help/],
    ["models ad", /^era: unknown command "ad"; did you mean add\? Allowed: add, list$/],
    ["models add", /^era: missing required argument 'suite'$/],
    [
      "models add dm_controll",
      /^era: unknown suite "dm_controll"; did you mean dm_control\? Allowed: dm_control, humanoid_bench$/,
    ],
    ["models add dm_control", /^era: say where the models come from: --from <folder> or --pip$/],
    ["models add dm_control --from . --pip", /^era: say where the models come from: --from <folder> or --pip$/],
    [
      "models add dm_control --from .",
      /^era: --from: no models of dm_control in \.; looked there and in suite, dm_control\/suite$/,
    ],
    ["models add humanoid_bench --pip", /^era: --pip: no wheel holds the models of humanoid_bench; use --from /],
    [
      "train sac --env dm_control/dog-walk-v0",
      /^era: dm_control\/dog-walk-v0: the models of dm_control are not on this machine; add them with: era models add dm_control --from <folder> \(or --pip, /,
    ],
  ])("%s: one line on standard error, exit code 2", async (line, message) => {
    const { code, stdout, stderr } = await era(folder, ...line.split(" "));
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("list says of each suite which command adds it", async () => {
    const { code, stdout } = await era(folder, "models", "list");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^dm_control +dm_control 1\.0\.47: not added; add it with: era models add dm_control --from/m,
    );
    expect(stdout).toMatch(
      /^humanoid_bench .*: not added; add it with: era models add humanoid_bench --from <folder>$/m,
    );
    const { stdout: json } = await era(folder, "models", "list", "--json");
    expect(JSON.parse(json)).toContainEqual(
      expect.objectContaining({ suite: "dm_control", folder: null, present: false }),
    );
  });
});
