import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadReward, scoreResponse } from "./reward.ts";

const folder = mkdtempSync(join(tmpdir(), "era-rewards-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const input = { prompt: "p", response: "abc", answer: "abc", problem: {} };

test("a module's default export is a reward, in TypeScript too", async () => {
  const path = file("own.ts", "export default ({ response }: { response: string }): number => response.length / 10;");
  expect(await scoreResponse(await loadReward(path), input)).toBe(0.3);
});

test.each([
  ["math5", undefined, 'unknown reward "math5"; '],
  ["none.ts", undefined, "none.ts: there is no such file"],
  ["empty.mjs", "", "empty.mjs: there is no default export; it must be a function"],
  ["number.mjs", "export default 5;", "number.mjs: the default export is a number; it must be a function"],
  ["throws.mjs", "throw new Error('no');", "throws.mjs can't be loaded: no"],
])("%s is refused in one line", async (name, content, message) => {
  const path = content === undefined ? (name.endsWith(".ts") ? join(folder, name) : name) : file(name, content);
  const error = await loadReward(path).catch((error: unknown) => error);
  expect(error).toMatchObject({ name: "UsageError", message: expect.stringContaining(message) });
});

test("a reward that gives no number is an error of the sample", async () => {
  await expect(scoreResponse(() => Number.NaN, input)).rejects.toThrow("the reward gave NaN");
  await expect(scoreResponse((() => "1") as never, input)).rejects.toThrow(
    "the reward gave 1; it must give a finite number",
  );
});
