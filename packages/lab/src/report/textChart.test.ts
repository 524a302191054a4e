import { expect, it } from "vitest";
import { textChart } from "./textChart.ts";

it("draws curves from their lowest to their highest value over the same steps", () => {
  const points = (values: readonly number[]) => values.map((value, i) => ({ step: 10 * i, value }));
  const curves = [
    { label: "falls", points: points([2, 1, 0]) },
    { label: "stays", points: points([2, 2, 2]) },
    { label: "unmeasured", points: [] },
  ];
  expect(textChart({ curves, width: 9, height: 3 })).toEqual([
    "* falls   o stays",
    "2 |o   o   o",
    "  |    *",
    "0 |        *",
    "  +---------",
    "   0      20",
  ]);
  expect(textChart({ curves: [] })).toEqual([]);
});

it("draws rules across, under the curves, with their values on the axis", () => {
  const points = [0, 1, 2].map((step) => ({ step, value: 2 - step }));
  expect(
    textChart({ curves: [{ label: "falls", points }], width: 9, height: 4, rules: [{ value: 1 }, { value: 3 }] }),
  ).toEqual(["* falls", "3 |---------", "  |*", "1 |----*----", "0 |        *", "  +---------", "   0       2"]);
});
