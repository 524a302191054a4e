import { describe, expect, it } from "vitest";
import { languageMemoryTable, measureLanguageStep } from "./languageMemoryBench.ts";

describe("era bench language-memory", () => {
  it("measures an update in this process", async () => {
    const size = { responses: 1, length: 8, layers: 1, rank: 2, checkpoint: true, whole: false, threads: 1 };
    const step = await measureLanguageStep(size);
    expect(step.peakMebibytes).toBeGreaterThanOrEqual(step.startMebibytes);
    expect(step.nodes).toBeGreaterThan(100);
    expect(languageMemoryTable([step])).toContain("LoRA of rank 2, layers computed again");
  });
});
