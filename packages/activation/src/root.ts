/**
 * The point where an increasing function crosses `target` between `low` and `high`, by bisection down to neighbouring
 * numbers: of the two, the upper one, at which `f(x) ≥ target` holds.
 */
export function crossing(f: (x: number) => number, target: number, low: number, high: number): number {
  let below = low;
  let above = high;
  for (;;) {
    const middle = below + (above - below) / 2;
    if (middle <= below || middle >= above) return above;
    if (f(middle) >= target) above = middle;
    else below = middle;
  }
}
