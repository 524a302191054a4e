import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { pieces, writeFileAtomic } from "./atomicFile.ts";

const folder = mkdtempSync(join(tmpdir(), "era-atomic-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("writeFileAtomic", () => {
  it("shows the old content until the new is complete", () => {
    const path = join(folder, "a", "file.txt");
    writeFileAtomic(path, "old");
    function* chunks() {
      yield Uint8Array.of(110, 101);
      expect(readFileSync(path, "utf8")).toBe("old");
      yield Uint8Array.of(119);
      expect(readFileSync(path, "utf8")).toBe("old");
    }
    writeFileAtomic(path, chunks());
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(readdirSync(join(folder, "a"))).toEqual(["file.txt"]);
  });

  it("leaves the old content, and nothing else, where writing fails", () => {
    const path = join(folder, "b", "file.txt");
    writeFileAtomic(path, "old");
    function* failing() {
      yield Uint8Array.of(1);
      throw new Error("no more");
    }
    expect(() => writeFileAtomic(path, failing())).toThrow("no more");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(join(folder, "b"))).toEqual(["file.txt"]);
  });

  it("tells the length and hash of what it wrote", () => {
    const text = "naïve ✓";
    const path = join(folder, "c.txt");
    const sha256 = createHash("sha256").update(text).digest("hex");
    expect(writeFileAtomic(path, text)).toEqual({ bytes: 10, sha256 });
    const [first, second] = [new TextEncoder().encode(text).subarray(0, 3), new TextEncoder().encode(text).subarray(3)];
    expect(writeFileAtomic(path, [first, new Uint8Array(0), second])).toEqual({ bytes: 10, sha256 });
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("says which folder is in the way", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => writeFileAtomic(join(folder, "file", "x"), "")).toThrow(join(folder, "file"));
  });
});

it("pieces cover an array without copies", () => {
  const data = new Uint8Array((1 << 26) + 5);
  const [first, second, ...rest] = [...pieces(data)];
  expect([first?.length, second?.length, rest.length]).toEqual([1 << 26, 5, 0]);
  expect([first?.byteOffset, second?.byteOffset]).toEqual([0, 1 << 26]);
  expect([...pieces(new Uint8Array(0))]).toEqual([]);
});
