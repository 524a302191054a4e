import { formatDuration, formatNumber } from "./numberText.ts";

/** What the live line shows. */
export interface ProgressState {
  readonly step: number;
  readonly total: number;
  /** What a step is called; "step" if left out. */
  readonly unit?: string;
  /** Undefined until it can be measured. */
  readonly stepsPerSecond?: number | undefined;
  /**
   * The latest score, with its name: `{ label: "return", value: 312 }`; a fraction with `percent` is shown as per cent.
   */
  readonly score?: { readonly label: string; readonly value: number; readonly percent?: boolean } | undefined;
  /** The policy's entropy and the floor that it can't fall below, in nats. */
  readonly entropy?: { readonly value: number; readonly floor?: number } | undefined;
  /** Another reading, such as "85 tokens/s". */
  readonly note?: string | undefined;
}

export interface ProgressStyle {
  /** Columns that may be used. */
  readonly width: number;
  /** Draw a bar (for a terminal), or only words (for a log). */
  readonly bar: boolean;
  /** Use ANSI colours. */
  readonly color: boolean;
}

const LONGEST_BAR = 30;
const SHORTEST_BAR = 8;
const GAP = "  ";

/**
 * One line: bar, per cent, score, entropy against its floor, steps per second, time left, steps. Where the width
 * doesn't hold it all, the bar gets shorter first, then parts are left out from the end; nothing is ever longer than
 * the width.
 */
export function renderProgress(state: ProgressState, { width, bar, color }: ProgressStyle): string {
  const parts = words(state);
  const room = () => width - parts.join(GAP).length - GAP.length;
  if (!bar) {
    while (parts.length > 1 && parts.join(GAP).length > width) parts.pop();
    return parts.join(GAP).slice(0, Math.max(0, width));
  }
  while (parts.length > 1 && room() < SHORTEST_BAR) parts.pop();
  if (room() < SHORTEST_BAR) return parts.join(GAP).slice(0, Math.max(0, width));
  const painted = color ? parts.map((part) => paintEntropy(part, state)) : parts;
  return [drawBar(fraction(state), Math.min(LONGEST_BAR, room()), color), ...painted].join(GAP);
}

/** The parts of the line, the most important first. */
function words({ step, total, unit = "step", stepsPerSecond, score, entropy, note }: ProgressState): string[] {
  const parts = [`${String(Math.floor(fraction({ step, total }) * 100)).padStart(3)} %`];
  if (score) {
    const value = score.percent ? `${(score.value * 100).toFixed(1)} %` : formatNumber(score.value);
    parts.push(`${score.label} ${value}`);
  }
  if (entropy) parts.push(entropyText(entropy));
  if (note) parts.push(note);
  if (stepsPerSecond !== undefined) {
    parts.push(`${formatNumber(stepsPerSecond)} ${unit}s/s`);
    if (stepsPerSecond > 0 && step < total) parts.push(`ETA ${formatDuration((total - step) / stepsPerSecond)}`);
  }
  parts.push(`${unit} ${step.toLocaleString("en-US")} of ${total.toLocaleString("en-US")}`);
  return parts;
}

const fraction = ({ step, total }: ProgressState): number => (total > 0 ? Math.min(1, Math.max(0, step / total)) : 1);

/** Two decimals always, so that the line doesn't jump; the sign of equality is that of what is shown. */
function entropyText({ value, floor }: { readonly value: number; readonly floor?: number }): string {
  if (floor === undefined) return `H ${value.toFixed(2)}`;
  return `H ${value.toFixed(2)} ${value >= floor ? "≥" : "<"} ${floor.toFixed(2)}`;
}

const paint = (text: string, code: number): string => `\x1b[${code}m${text}\x1b[0m`;
const [GREEN, RED, DIM] = [32, 31, 2];

function paintEntropy(part: string, { entropy }: ProgressState): string {
  if (entropy?.floor === undefined || part !== entropyText(entropy)) return part;
  return paint(part, entropy.value >= entropy.floor ? GREEN : RED);
}

function drawBar(done: number, width: number, color: boolean): string {
  const filled = Math.floor(done * width);
  const [full, rest] = ["━".repeat(filled), "─".repeat(width - filled)];
  return color ? paint(full, GREEN) + paint(rest, DIM) : full + rest;
}
