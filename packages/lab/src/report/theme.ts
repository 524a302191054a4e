/**
 * The colours of reports. Charts carry the light ones as plain attributes, which every viewer understands; a style
 * sheet replaces them, attribute by attribute, where the reader prefers dark.
 */
export const LIGHT = {
  text: "#1f2328",
  muted: "#59636e",
  axis: "#a8b0b8",
  grid: "#eaedf0",
  rule: "#cf222e",
  good: "#1a7f37",
  warning: "#9a6700",
} as const;

export const DARK: Readonly<Record<keyof typeof LIGHT, string>> = {
  text: "#e6edf3",
  muted: "#9198a1",
  axis: "#5a636e",
  grid: "#262c34",
  rule: "#ff7b72",
  good: "#3fb950",
  warning: "#d29922",
};

/** Series, in this order: told apart by people with any colour vision, and readable on white and on black. */
export const SERIES = ["#1f77d0", "#d9730d", "#159a72", "#9a5fd0", "#c2447e", "#6f7d8c"] as const;

export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/** The rules that make a chart dark; for a style sheet inside the picture or around it. */
export function darkChartCss(): string {
  const rules = (Object.keys(LIGHT) as (keyof typeof LIGHT)[]).flatMap((name) =>
    (["fill", "stroke"] as const).map((property) => `svg [${property}="${LIGHT[name]}"]{${property}:${DARK[name]}}`),
  );
  return `@media (prefers-color-scheme: dark){${rules.join("")}}`;
}
