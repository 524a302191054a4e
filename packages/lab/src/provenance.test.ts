import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { describeProvenance, packageVersions } from "./provenance.ts";

it("packageVersions reads what is installed, and leaves out what isn't", () => {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const versions = packageVersions(["@era/lab", "vega", "no-such-package"], import.meta.url);
  expect(versions["@era/lab"]).toBe(manifest.version);
  expect(versions.vega).toMatch(/^6\./);
  expect(Object.keys(versions)).toEqual(["@era/lab", "vega"]);
});

it("describeProvenance tells where results come from", () => {
  const provenance = describeProvenance({ "onnxruntime-node": "1.30.0" });
  expect(provenance).toMatchObject({ node: process.version, packages: { "onnxruntime-node": "1.30.0" } });
  expect(Math.abs(Date.parse(provenance.startedAt) - Date.now())).toBeLessThan(60_000);
  let revision: string | undefined;
  try {
    revision = execFileSync("git", ["rev-parse", "HEAD"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    // The sources may have come without git.
  }
  expect(provenance.git?.revision).toBe(revision);
});
