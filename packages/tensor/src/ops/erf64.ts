import { SCALED_ERFC } from "@era/activation";
import type { Emitter } from "../emitter.ts";

/** Odd coefficients of erf's Maclaurin series, 2/√π·(−1)ⁿ/(n!·(2n + 1)): 12 of them are exact to rounding for |x| < ½. */
const SERIES = Array.from({ length: 12 }, (_, n) => {
  let factorial = 1;
  for (let i = 2; i <= n; i++) factorial *= i;
  return ((2 / Math.sqrt(Math.PI)) * (-1) ** n) / (factorial * (2 * n + 1));
});

/**
 * The error function in float64, for which ONNX Runtime has no kernel, to about 1e-15: the Maclaurin series below ½, elsewhere 1 − e^(−x²)·erfcx(x) with
 * @era/activation's Chebyshev series of (x + 3)·erfcx(x), summed by Clenshaw's recurrence.
 *
 * @returns the name of the result
 */
export function lowerErf64(emit: Emitter, x: string): string {
  const scalar = (value: number) => emit.scalar("float64", value);
  const node = (type: string, ...inputs: string[]) => emit.node(type, inputs);
  // Beyond 30 erf is ±1 in float64; the limit keeps infinities out of the arithmetic.
  const magnitude = emit.clip(node("Abs", x), "float64", Number.NEGATIVE_INFINITY, 30);
  const square = node("Mul", magnitude, magnitude);

  const series = SERIES.slice(0, -1).reduceRight(
    (sum, coefficient) => node("Add", node("Mul", sum, square), scalar(coefficient)),
    scalar(SERIES.at(-1) ?? 0),
  );

  const shifted = node("Add", magnitude, scalar(3));
  const ratio = node("Div", node("Sub", magnitude, scalar(3)), shifted);
  const y = node("Sub", node("Mul", node("Add", ratio, scalar(5 / 7)), scalar(7 / 6)), scalar(1));
  const twice = node("Mul", y, scalar(2));
  let previous = scalar(0);
  let current = scalar(SCALED_ERFC.at(-1) ?? 0);
  for (const coefficient of SCALED_ERFC.slice(1, -1).reverse()) {
    const next = node("Add", node("Sub", node("Mul", twice, current), previous), scalar(coefficient));
    [previous, current] = [current, next];
  }
  const sum = node("Add", node("Sub", node("Mul", y, current), previous), scalar(SCALED_ERFC[0] ?? 0));
  const complement = node("Mul", node("Exp", node("Neg", square)), node("Div", sum, shifted));
  const far = node("Mul", node("Sign", x), node("Sub", scalar(1), complement));
  return node("Where", node("Less", magnitude, scalar(0.5)), node("Mul", x, series), far);
}
