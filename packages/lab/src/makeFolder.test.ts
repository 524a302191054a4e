import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeFolder } from "./makeFolder.ts";

const folder = mkdtempSync(join(tmpdir(), "era-folder-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("makes a folder and all above it, once or again", () => {
  makeFolder(join(folder, "a/b/c"));
  makeFolder(join(folder, "a/b/c"));
  expect(existsSync(join(folder, "a/b/c"))).toBe(true);
});

it("fails where a file is in the way", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => makeFolder(join(folder, "file"))).toThrow(/EEXIST/);
  expect(() => makeFolder(join(folder, "file/below"))).toThrow(/ENOTDIR/);
});

it.runIf(existsSync("/proc/self"))("fails, and comes back, where no folder can be", () => {
  expect(() => makeFolder("/proc/era/run")).toThrow(/ENOENT/);
});
