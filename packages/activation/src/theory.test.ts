import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const theory = readFileSync(new URL("../THEORY.md", import.meta.url), "utf8");
const sources = readdirSync(new URL(".", import.meta.url)).filter((name) => name.endsWith(".test.ts"));
const tests = sources.map((name) => readFileSync(new URL(name, import.meta.url), "utf8")).join("\n");

describe("THEORY.md", () => {
  const attacks = theory.split("\n").filter((line) => /attacked by/i.test(line));

  it("names tests that exist", () => {
    const files = attacks.flatMap((line) =>
      [...line.matchAll(/`([\w/-]+\.test\.ts)`/g)].map((match) => match[1] ?? ""),
    );
    expect(files.length).toBeGreaterThan(8);
    for (const file of files) {
      const place = file.startsWith("packages/") ? `../../../${file}` : file;
      expect(existsSync(new URL(place, import.meta.url)), file).toBe(true);
    }
    const titles = attacks.flatMap((line) => [...line.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? ""));
    for (const title of titles.filter((title) => title !== "sequence")) {
      expect(tests.includes(title), title).toBe(true);
    }
  });

  it("has an attack for every proposition and lemma", () => {
    const statements = [...theory.matchAll(/\*\*((?:Proposition|Lemma) \d)/g)].map((match) => match[1] ?? "");
    expect(statements).toHaveLength(12);
    const sections = theory.split(/\*\*(?:Proposition|Lemma) \d/).slice(1);
    // Lemmas 1 to 3 share one line, after the third.
    sections.forEach((section, i) => {
      if (!["Lemma 1", "Lemma 2"].includes(statements[i] ?? "")) expect(section, statements[i]).toMatch(/attacked by/i);
    });
  });
});
