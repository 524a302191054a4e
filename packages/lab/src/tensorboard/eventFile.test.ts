import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Metrics } from "../metrics.ts";
import { crc32c } from "./crc32c.ts";
import { EventFile } from "./eventFile.ts";

const folder = mkdtempSync(join(tmpdir(), "era-events-"));
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * What fixtures/tensorboard_events.py made with TensorBoard's own writer, and what TensorBoard's reader made of that.
 */
const reference: {
  clock: number;
  files: { purgeStep: number | null; logs: [number, Metrics][]; hex: string }[];
  scalars: Record<string, [number, number][]>;
} = JSON.parse(readFileSync(new URL("../fixtures/tensorboard_events.json", import.meta.url), "utf8"));

describe("an event file", () => {
  it("has the bytes of TensorBoard's own writer, in a run's first session and in a resumed one", () => {
    for (const [session, { purgeStep, logs }] of reference.files.entries()) {
      const resumed = purgeStep === null ? {} : { purgeStep };
      const file = new EventFile(folder, { session, ...resumed, now: () => reference.clock });
      for (const [step, metrics] of logs) file.log(step, metrics);
      file.close();
    }
    const names = readdirSync(folder).sort();
    expect(names).toEqual([0, 1].map((session) => `events.out.tfevents.1700000000.000${session}.${hostname()}`));
    const bytes = names.map((name) => readFileSync(join(folder, name)).toString("hex"));
    expect(bytes).toEqual(reference.files.map((file) => file.hex));
  });

  it("is read by TensorBoard as the run that was, without what the kill undid", () => {
    expect(reference.scalars["train/return"]).toEqual([
      [0, -1.5],
      [10, 2],
      [20, 3],
      [25, 3.5],
      [30, 4],
    ]);
  });
});

it("crc32c gives the test vectors of RFC 3720 (B.4)", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => 31 - index))).toBe(0x113fdb5c);
});
