import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { era, temporaryFolder } from "../cli.fixture.ts";

const folder = temporaryFolder();

describe("era verify", () => {
  it("attacks a family and says what it found, on the terminal and on a page", async () => {
    const { code, stdout } = await era(folder, "verify", "--only", "sequence", "--html", "floors.html");
    expect(code).toBe(0);
    expect(stdout).toMatch(/sequence +1000 +3 .* ok/);
    expect(stdout).toMatch(/6 floors attacked with [\d,]+ evaluations .* all kept, all attained within 1e-4 nat/);
    expect(readFileSync(join(folder, "floors.html"), "utf8")).toContain("Certified entropy floors");
  });

  it("prints one JSON object where asked", async () => {
    const { code, stdout } = await era(folder, "verify", "--only", "sequence", "--json");
    const result = JSON.parse(stdout) as { ok: boolean; verdicts: { kept: boolean; attained: boolean }[] };
    expect(code).toBe(0);
    expect(result.ok).toBe(true);
    expect(result.verdicts.every(({ kept, attained }) => kept && attained)).toBe(true);
  });

  it("writes the figures", async () => {
    const { code, stdout } = await era(folder, "verify", "--figures", "pictures");
    expect(code).toBe(0);
    for (const name of ["floor-location", "softmax-enforced", "gaussian-floors"]) {
      expect(stdout).toContain(`${name}.svg`);
      expect(existsSync(join(folder, "pictures", `${name}.svg`))).toBe(true);
    }
  });

  it("refuses what it does not know in one line", async () => {
    const unknown = await era(folder, "verify", "--only", "gumbel");
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      "era: --only gumbel: there are truncated, squashed, softmax and sequence\n",
    ]);
    expect((await era(folder, "verify", "--seed", "x")).code).toBe(2);
    expect((await era(folder, "verify", "--through")).code).toBe(2);
  });
});
