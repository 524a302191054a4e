import { expect, it } from "vitest";
import { packRows, packValues } from "./rows.ts";

const shape = { rows: 3, promptLength: 3, responseLength: 2 };
const sequences = [
  { prompt: [1, 2, 3], response: [4] },
  { prompt: [5], response: [6, 7] },
];

it("puts prompts at the left of one column and responses at its right, with padding around", () => {
  const { tokens, mask } = packRows(sequences, shape, 9);
  expect([...tokens].map(Number)).toEqual([1, 2, 3, 4, 9, 9, 9, 5, 6, 7, 9, 9, 9, 9, 9]);
  expect([...mask]).toEqual([1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0]);
  expect([...packValues(sequences, (row, token) => 10 * (row + 1) + token, shape)]).toEqual([10, 0, 20, 21, 0, 0]);
});

it("refuses what does not fit", () => {
  const long = { prompt: [1], response: [1, 2, 3] };
  expect(() => packRows([long], shape, 9)).toThrow("a prompt of 1 and a response of 3 tokens do not fit into 3 and 2");
  expect(() => packRows([{ prompt: [1, 2, 3, 4], response: [] }], shape, 9)).toThrow(RangeError);
});
