import { expect, it } from "vitest";
import { characterTokenizer } from "./characterTokenizer.ts";

it("has a token for each character, and two of its own", () => {
  const tokenizer = characterTokenizer("0123456789+= ");
  expect(tokenizer.vocabularySize).toBe(15);
  expect(tokenizer.encode("1 + 1=2")).toEqual([3, 14, 12, 14, 3, 13, 4]);
  expect(tokenizer.decode([3, 14, 12, 14, 3, 13, 4, 1, 0])).toBe("1 + 1=2");
  expect([tokenizer.padToken, tokenizer.stopTokens]).toEqual([0, [1]]);
});
