/** A number for people: thousands separated, and about three digits that matter: 12,345; 87.2; 0.052; 1.2e-7. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) return value.toExponential(2).replace(/\.?0*e\+?/, "e");
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  // Adding 0 turns -0 into 0.
  return (Number(value.toFixed(digits)) + 0).toLocaleString("en-US", { minimumFractionDigits: digits });
}

/** The text with real minus signs before its numbers, as charts write them; a terminal's font may lack them. */
export const withMinus = (text: string): string => text.replace(/-(?=\d)/g, "−");

/** A duration: 42 s, 3:07 min, 2:05 h, 3.2 days. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")} h`;
  return `${(seconds / 86400).toFixed(1)} days`;
}
