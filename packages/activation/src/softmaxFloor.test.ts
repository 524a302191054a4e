/** Proposition 6 of THEORY.md: the one-hot input is the paper's approximate inverse's worst, by a polynomial's positivity. */
import { describe, expect, it } from "vitest";
import { paperInverse } from "./lambert.ts";
import { ndArray, referenceOps } from "./reference.ts";

/** Rational numbers as [numerator, denominator], denominator > 0. */
type Rational = readonly [bigint, bigint];
const ratio = (numerator: number | bigint, denominator: number | bigint = 1): Rational => {
  const [n, d] = [BigInt(numerator), BigInt(denominator)];
  const divisor = (function gcd(a: bigint, b: bigint): bigint {
    return b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b);
  })(n, d);
  return divisor === 0n ? [0n, 1n] : [n / divisor, d / divisor];
};
const times = ([a, b]: Rational, [c, d]: Rational) => ratio(a * c, b * d);
const plus = ([a, b]: Rational, [c, d]: Rational) => ratio(a * d + c * b, b * d);
const over = ([a, b]: Rational, [c, d]: Rational) => (c < 0n ? ratio(-a * d, -b * c) : ratio(a * d, b * c));
const minus = ([a, b]: Rational): Rational => [-a, b];
const signOf = ([a]: Rational) => (a > 0n ? 1 : a < 0n ? -1 : 0);

/** Coefficients from the constant term up. */
type Polynomial = readonly Rational[];
const at = (p: Polynomial, x: Rational) => p.reduceRight((sum, c) => plus(times(sum, x), c), ratio(0));
const derivative = (p: Polynomial): Polynomial => p.slice(1).map((c, i) => times(c, ratio(i + 1)));

function remainder(p: Polynomial, q: Polynomial): Polynomial {
  const rest = [...p];
  const lead = q.at(-1) ?? ratio(1);
  while (rest.length >= q.length) {
    const factor = over(rest.at(-1) ?? ratio(0), lead);
    const shift = rest.length - q.length;
    q.forEach((c, i) => {
      rest[i + shift] = plus(rest[i + shift] ?? ratio(0), minus(times(factor, c)));
    });
    rest.pop();
    while (rest.length > 0 && signOf(rest.at(-1) ?? ratio(0)) === 0) rest.pop();
  }
  return rest;
}

/** The number of distinct roots in (low, ∞), by Sturm's theorem. */
function rootsAbove(p: Polynomial, low: Rational): number {
  const chain: Polynomial[] = [p, derivative(p)];
  for (;;) {
    const next = remainder(chain.at(-2) ?? [], chain.at(-1) ?? []).map(minus);
    if (next.length === 0) break;
    chain.push(next);
  }
  const changes = (signs: number[]) => {
    const kept = signs.filter((sign) => sign !== 0);
    return kept.filter((sign, i) => i > 0 && sign !== kept[i - 1]).length;
  };
  const first = changes(chain.map((q) => signOf(at(q, low))));
  const last = changes(chain.map((q) => signOf(q.at(-1) ?? ratio(0))));
  return first - last;
}

/** P(r, m) of the proposition, as a polynomial in r. */
const condition = (m: Rational): Polynomial => {
  const surplus = plus(m, ratio(-1));
  return [
    surplus,
    surplus,
    plus(ratio(1, 8), times(surplus, ratio(1, 2))),
    plus(ratio(-5, 16), times(surplus, ratio(-3, 16))),
    ratio(0),
    ratio(9, 128),
  ];
};

describe("the paper's approximate inverse (proposition 6)", () => {
  it("has a concave χ for every mean up to 22.2: the condition has no root beyond r(U), by Sturm's theorem in exact arithmetic", () => {
    const start = ratio(3454, 10000); // r(U) = √(2·(−1 − log(log(4)/4))) = 0.34542…
    expect(Math.sqrt(2 * (-1 - Math.log(Math.log(4) / 4)))).toBeGreaterThan(0.3454);
    for (const m of [ratio(139, 100), ratio(222, 10)]) {
      expect(signOf(at(condition(m), start))).toBe(1);
      expect(rootsAbove(condition(m), start)).toBe(0);
    }
    // The argument is not empty: for absurdly many classes (m = 60) it fails.
    expect(rootsAbove(condition(ratio(60)), start)).toBeGreaterThan(0);
  });

  it("has the condition that the proposition derives: χ, from the code's own inverse, bends as the polynomial says", () => {
    const chi = (h: number, m: number) => {
      const v = -(paperInverse(referenceOps, ndArray([h])).data[0] ?? Number.NaN);
      return (v + 1 - m) * Math.exp(-v);
    };
    for (const m of [1.5, 3, 8, 22, 60]) {
      for (let r = 0.4; r < 9; r += 0.37) {
        const h = Math.exp(-1 - (r * r) / 2);
        const step = 1e-3 * h;
        const bend = (chi(h + step, m) - 2 * chi(h, m) + chi(h - step, m)) / (step * step);
        const bracket = 1 + r + r * r * 0.5 - 0.1875 * r ** 3;
        const value = r * (1 + 0.75 * r) ** 2 - (1 + r + 0.375 * r * r - m) * bracket;
        // d²χ/dh² = −P·e^(−r + r²/8)/(r³·h).
        const expected = (-value * Math.exp(-r + (r * r) / 8)) / (r ** 3 * h);
        expect(Math.abs(bend - expected)).toBeLessThan(1e-4 * Math.abs(expected) + 1e-4 / h);
      }
    }
  });
});
