/** Verdicts beside those of Math-Verify 0.9 (fixture: make_math_verify.py), which knows the answers by SymPy. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isEquivalent } from "./isEquivalent.ts";

const pairs = JSON.parse(readFileSync(new URL("math_verify.json", import.meta.url), "utf8")) as [
  given: string,
  reference: string,
  kind: "by hand" | "same" | "other",
  verdict: boolean,
][];

/** Pairs on which this project means to differ, with its verdict. */
const meant = new Map<string, boolean>([
  // Six digits of a number that is no decimal are its value, rounded.
  ["3.14159 | \\pi", true],
  // An inequality is the interval of its unknown, whichever of the two is the reference.
  ["-2 \\le x \\le 7 | [-2,7]", true],
  ["x>5 | (5,\\infty)", true],
  // A mixed number on a line.
  ["137 1/2 | 137 \\frac{1}{2}", true],
  // Digits in another base are another number.
  ["4210_{6} | 4210_{5}", false],
  ["4343_8 | 4343_6", false],
  ["204_7 | 204_5", false],
  ["52_8 | 52", false],
]);

test("verdicts differ from Math-Verify's only where they are meant to", () => {
  const differing = pairs.filter(([given, reference, , verdict]) => isEquivalent(given, reference) !== verdict);
  console.info(`Math-Verify: the same verdict on ${pairs.length - differing.length} of ${pairs.length} pairs`);
  expect(new Map(differing.map(([given, reference, , verdict]) => [`${given} | ${reference}`, !verdict]))).toEqual(
    meant,
  );
});
