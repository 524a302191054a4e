/** Whether two expressions have the same value, everywhere where they have unknowns. */
import { complexValue, exactValue, isConstant } from "./evaluate.ts";
import { type Expression, symbolsOf } from "./expression.ts";

/** Relative error of what is worked out in double precision, and the largest that counts as zero. */
const rounding = 1e-9;
export const zero = 1e-12;

export function isSameValue(a: Expression, b: Expression, tolerance: number): boolean {
  const [exactA, exactB] = [exactValue(a), exactValue(b)];
  const unknowns = [...symbolsOf(a, symbolsOf(b))].filter((name) => !isConstant(name));
  if (exactA && exactB) {
    if (exactA.equals(exactB)) return true;
    const [x, y] = [exactA.valueOf(), exactB.valueOf()];
    return (
      (tolerance > 0 && Math.abs(x - y) <= tolerance * Math.abs(y)) || isRounded(a, x, b, y) || isRounded(b, y, a, x)
    );
  }
  if (unknowns.length > 0) return isSameFunction(a, b, unknowns);
  const [x, y] = [exactA?.valueOf(), exactB?.valueOf()];
  const none = () => undefined;
  const [valueA, valueB] = [complexValue(a, none), complexValue(b, none)];
  if (!valueA.isFinite() || !valueB.isFinite()) return isInfinity(a) !== 0 && isInfinity(a) === isInfinity(b);
  const [realA, realB] = [x ?? valueA.re, y ?? valueB.re];
  const difference = Math.hypot(realA - realB, valueA.im - valueB.im);
  const size = Math.max(valueA.abs(), valueB.abs());
  if (difference <= Math.max(rounding * size, zero) || difference <= tolerance * valueB.abs()) return true;
  return valueA.im === 0 && valueB.im === 0 && (isRounded(a, realA, b, realB) || isRounded(b, realB, a, realA));
}

/** 1 for ∞ and -1 for −∞, written as such; 0 for all else, what overflows included. */
function isInfinity(of: Expression): -1 | 0 | 1 {
  if (of.kind === "symbol") return of.name === "∞" ? 1 : 0;
  if (of.kind !== "operation" || of.operator !== "negate" || !of.terms[0]) return 0;
  return isInfinity(of.terms[0]) === 1 ? -1 : 0;
}

const fewestDigits = 6;

/** Whether the decimal `text` is the other value, which is no decimal itself, rounded at its last digit. */
function isRounded(decimal: Expression, value: number, other: Expression, exact: number): boolean {
  const text = decimalText(decimal);
  if (text === undefined || decimalText(other) !== undefined) return false;
  const [, decimals = ""] = text.split(".");
  if (text.replace(/^0*\.?0*|\./g, "").length < fewestDigits || decimals === "") return false;
  return Math.abs(value - exact) <= 0.5 * 10 ** -decimals.length * (1 + 1e-6);
}

/** A decimal number's digits as they are written, without its sign. */
function decimalText(of: Expression): string | undefined {
  if (of.kind === "operation") return of.operator === "negate" && of.terms[0] ? decimalText(of.terms[0]) : undefined;
  return of.kind === "number" && !/e/i.test(of.text) ? of.text : undefined;
}

/** Points at which functions are compared: all positive, where roots and logarithms are real, and some of mixed signs. */
export const points = [0, 1, 2, 3, 4, 5];
const positivePoints = 3;
/** More of them, farther from zero, where something is rounded and small values would come out as the same whole number. */
const farPoints = Array.from({ length: 24 }, (_, index) => points.length + index);

const isRounding = (of: Expression): boolean =>
  of.kind === "operation" && (of.operator === "floor" || of.operator === "ceil" || of.terms.some(isRounding));

/** A number for an unknown at a point, from 0.4 to 2.8 in size (far points: 25 times that, and positive), the same for the same name. */
export function valueAt(name: string, point: number): number {
  // FNV-1a, whose last bits are then mixed.
  let hash = 0x811c9dc5;
  for (const character of `${point}:${name}:${point}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash ^= hash >>> 13;
  const size = 0.4 + 2.4 * ((hash >>> 1) / 2 ** 31);
  if (point >= points.length) return 25 * size;
  return point >= positivePoints && (hash & 1) === 1 ? -size : size;
}

function isSameFunction(a: Expression, b: Expression, unknowns: readonly string[]): boolean {
  const known = new Set(unknowns);
  let compared = 0;
  for (const point of isRounding(a) || isRounding(b) ? [...points, ...farPoints] : points) {
    const values = (name: string) => (known.has(name) ? valueAt(name, point) : undefined);
    const [valueA, valueB] = [complexValue(a, values), complexValue(b, values)];
    // Outside the domain of one of the two; of negative unknowns, branches of roots may differ too.
    if (!valueA.isFinite() || !valueB.isFinite()) continue;
    if (point >= positivePoints && (valueA.im !== 0 || valueB.im !== 0)) continue;
    const size = Math.max(valueA.abs(), valueB.abs());
    if (valueA.sub(valueB).abs() > Math.max(1e-8 * size, zero)) return false;
    compared++;
  }
  return compared >= 2;
}
