/** Values of expressions: exact where they are rational, else complex numbers in double precision. Both in bounded time. */
import { Complex } from "complex.js";
import Fraction from "fraction.js";
import type { Expression, Operator } from "./expression.ts";

/** Numerators and denominators beyond it are not worked with: 9^{9^{9^9}} has no exact value here. */
const largest = 1n << 8192n;
/** Powers of ten in a literal, and factorials, beyond it have no exact value either. */
const mostDigits = 2000;
const largestFactorial = 700;

/** The exact value of an expression of rational numbers; undefined where it is none, or has too many digits. */
export function exactValue(expression: Expression): Fraction | undefined {
  if (expression.kind === "symbol") return undefined;
  if (expression.kind === "number") return literal(expression.text);
  const terms = expression.terms.map(exactValue);
  if (!terms.every((term) => term !== undefined)) return undefined;
  const [a, b] = terms;
  if (!a) return undefined;
  const value = exactOperation(expression.operator, terms, a, b);
  return value && value.n < largest && value.d < largest ? value : undefined;
}

function literal(text: string): Fraction | undefined {
  const [, exponent = "0"] = text.toLowerCase().split("e");
  if (text.length > mostDigits || Math.abs(Number(exponent)) > mostDigits) return undefined;
  const [mantissa = ""] = text.toLowerCase().split("e");
  const [whole = "", decimals = ""] = mantissa.split(".");
  const power = Number(exponent) - decimals.length;
  const digits = BigInt(whole + decimals);
  return power >= 0 ? new Fraction(digits * 10n ** BigInt(power)) : new Fraction(digits, 10n ** BigInt(-power));
}

function exactOperation(operator: Operator, terms: readonly Fraction[], a: Fraction, b = new Fraction(0)) {
  switch (operator) {
    case "+":
      return terms.reduce((sum, term) => sum.add(term));
    case "*":
      return a.mul(b);
    case "/":
      return b.n === 0n ? undefined : a.div(b);
    case "negate":
      return a.neg();
    case "percent":
      return a.div(100);
    case "abs":
      return a.abs();
    case "floor":
      return a.floor();
    case "ceil":
      return a.ceil();
    case "^":
      return exactPower(a, b);
    case "!":
      return isWhole(a) && a.n <= largestFactorial ? new Fraction(factorial(a.n)) : undefined;
    case "binom":
      return exactBinomial(a, b);
    default:
      return undefined;
  }
}

const isWhole = (value: Fraction): boolean => value.d === 1n && value.s >= 0n;

function exactPower(base: Fraction, exponent: Fraction): Fraction | undefined {
  if (exponent.d !== 1n || (base.n === 0n && exponent.s < 0n)) return undefined;
  const digits = Math.max(base.n.toString().length, base.d.toString().length);
  const isUnit = base.n <= 1n && base.d === 1n;
  if (!isUnit && exponent.n * BigInt(digits) > mostDigits) return undefined;
  const power = isUnit ? exponent.n % 2n : exponent.n;
  if (base.n === 0n) return new Fraction(exponent.n === 0n ? 1 : 0);
  const raised = new Fraction((base.s * base.n) ** power, base.d ** power);
  return exponent.s < 0n ? raised.inverse() : raised;
}

function factorial(n: bigint): bigint {
  let product = 1n;
  for (let factor = 2n; factor <= n; factor++) product *= factor;
  return product;
}

function exactBinomial(n: Fraction, k: Fraction): Fraction | undefined {
  if (!isWhole(n) || !isWhole(k) || n.n > largestFactorial || k.n > n.n) return undefined;
  return new Fraction(factorial(n.n) / (factorial(k.n) * factorial(n.n - k.n)));
}

/** The value of a name; undefined where it has none. */
export type Values = (name: string) => number | undefined;

const constants: Readonly<Record<string, Complex>> = {
  pi: new Complex(Math.PI, 0),
  e: new Complex(Math.E, 0),
  i: new Complex(0, 1),
  "∞": new Complex(Number.POSITIVE_INFINITY, 0),
};

/** Whether a name is a number of mathematics and no unknown. */
export const isConstant = (name: string): boolean => Object.hasOwn(constants, name);

const notANumber = new Complex(Number.NaN, Number.NaN);

/** The value of an expression; NaN, or infinite, where it has none. */
export function complexValue(expression: Expression, values: Values): Complex {
  if (expression.kind === "number") return new Complex(Number(expression.text), 0);
  if (expression.kind === "symbol") {
    if (isConstant(expression.name)) return constants[expression.name] ?? notANumber;
    const value = values(expression.name);
    return value === undefined ? notANumber : new Complex(value, 0);
  }
  const terms = expression.terms.map((term) => complexValue(term, values));
  const [a = notANumber, b = notANumber] = terms;
  return complexOperation(expression.operator, terms, a, b);
}

function complexOperation(operator: Operator, terms: readonly Complex[], a: Complex, b: Complex): Complex {
  switch (operator) {
    case "+":
      return terms.reduce((sum, term) => sum.add(term));
    case "*":
      return a.mul(b);
    case "/":
      return a.div(b);
    case "^":
      return a.pow(b);
    case "negate":
      return a.neg();
    case "root":
      return root(a, b);
    case "percent":
      return a.div(100);
    case "degree":
      return a.mul(Math.PI / 180);
    case "!":
      return ofReal(a, (x) => gamma(x + 1));
    case "binom":
      return ofReal(a, (n) => ofReal(b, (k) => gamma(n + 1) / (gamma(k + 1) * gamma(n - k + 1))).re);
    case "abs":
      return new Complex(a.abs(), 0);
    case "floor":
      return ofReal(a, (x) => Math.floor(x + nearWhole));
    case "ceil":
      return ofReal(a, (x) => Math.ceil(x - nearWhole));
    case "ln":
      return a.log();
    default:
      return a[operator]();
  }
}

/** ⌊log₂ 8⌋ is 3, though the logarithm may come out a little below it. */
const nearWhole = 1e-9;

/** Of a negative number and an odd degree it is the real root. */
function root(of: Complex, degree: Complex): Complex {
  const isOdd = degree.im === 0 && Math.abs(degree.re % 2) === 1;
  if (of.im === 0 && of.re < 0 && isOdd) return new Complex(-((-of.re) ** (1 / degree.re)), 0);
  return degree.im === 0 && degree.re === 2 ? of.sqrt() : of.pow(new Complex(1, 0).div(degree));
}

const ofReal = (x: Complex, of: (x: number) => number): Complex => (x.im === 0 ? new Complex(of(x.re), 0) : notANumber);

/** Γ(x) for x > 0, by Stirling's series where it has 15 digits, from where Γ(x) = Γ(x + 1)/x leads back. */
function gamma(x: number): number {
  if (!(x > 0)) return Number.NaN;
  let [shifted, product] = [x, 1];
  while (shifted < 15) product *= shifted++;
  const inverse = 1 / shifted;
  const series = inverse / 12 - inverse ** 3 / 360 + inverse ** 5 / 1260 - inverse ** 7 / 1680;
  return Math.exp((shifted - 0.5) * Math.log(shifted) - shifted + Math.log(2 * Math.PI) / 2 + series) / product;
}
