/** Where attacks begin: random, one-hot, k-hot and extreme raw outputs of a network. */
import type { Scatter } from "./random.ts";

/** Fills one row of raw outputs `values[offset … offset + width − 1]`. */
type Filler = (values: Float32Array | Float64Array, offset: number, width: number, random: Scatter) => void;

const each =
  (f: (random: Scatter, i: number) => number): Filler =>
  (values, offset, width, random) => {
    for (let i = 0; i < width; i++) values[offset + i] = f(random, i);
  };

/** `count` elements, anywhere in the row, stand `height` above the others, with bell-shaped noise of their own. */
const hot = (count: number, height: number, noise: number): Filler => {
  return (values, offset, width, random) => {
    values.fill(0, offset, offset + width);
    const first = random.below(width);
    for (let i = 0; i < Math.min(count, width); i++) {
      values[offset + ((first + i) % width)] = height + noise * random.bell();
    }
  };
};

/** Raw values at the ends of the number range and where ties and underflow wait. */
const extremes: readonly Filler[] = [
  each(() => 0),
  each((random) => (random.uniform() < 0.5 ? -1e4 : 1e4)),
  each((random) => random.pick([0, 1e-45, -1e-45, 1e-39, 5e-324])),
  each((_, i) => (i % 2 === 0 ? 1e4 : 1e4 - 1)),
  each((random) => random.pick([-1, 0, 1])),
  each((random) => 1e4 * random.bell()),
  hot(1, 1e4, 0),
  hot(1, -1e4, 0),
  hot(2, 1e4, 0),
];

/** One random kind of logits, the vertices' neighbourhoods more often than the rest. */
function logits(values: Float32Array | Float64Array, offset: number, width: number, random: Scatter): void {
  const kind = random.uniform();
  const scatter = random.pick([0.1, 1, 4, 10, 30]);
  if (kind < 0.2) random.pick(extremes)(values, offset, width, random);
  else if (kind < 0.4) each(() => scatter * random.bell())(values, offset, width, random);
  else if (kind < 0.6) hot(1, random.pick([2, 5, 12, 25, 90]), 0)(values, offset, width, random);
  else
    hot(1 + random.below(width), random.pick([5, 20, 60]), random.pick([0, 0.03, 1, 3]))(values, offset, width, random);
}

/** Raw means: mostly at the bound, where entropies are smallest, else anywhere. */
function means(values: Float32Array | Float64Array, offset: number, width: number, random: Scatter): void {
  if (random.uniform() < 0.1) {
    random.pick(extremes)(values, offset, width, random);
    return;
  }
  const scale = random.pick([0.5, 3, 8.5, 9, 40, 1e4]);
  const spread = random.uniform() < 0.7 ? 0 : 1;
  for (let i = 0; i < width; i++) {
    const sign = random.uniform() < 0.5 ? -1 : 1;
    values[offset + i] = sign * scale * (1 - spread * random.uniform());
  }
}

/** Raw δ̂: within its range, at its ends and beyond them. */
const deltas: Filler = each((random) => random.pick([0, 0, -1, 1e4, 1e4, Math.abs(random.bell())]));

/** Fills `[rows, width]` raw values of the named input. */
export function scatterRows(name: string, values: Float32Array | Float64Array, width: number, random: Scatter): void {
  const fill = name === "mean" ? means : name === "delta" ? deltas : logits;
  for (let offset = 0; offset < values.length; offset += width) fill(values, offset, width, random);
}

/**
 * Starting points of a search `[rows, width]`: every extreme once, every kind of k-hot row for k across 1 … width (the vertices that floors are attained at
 * lie beside some of them), then random ones.
 */
export function startRows(name: string, values: Float32Array | Float64Array, width: number, random: Scatter): void {
  scatterRows(name, values, width, random);
  const rows = values.length / width;
  if (name === "mean" || name === "delta") return;
  const counts = Math.min(width, Math.floor((rows - extremes.length) / 3));
  const planned: Filler[] = [...extremes];
  for (let i = 0; i < counts; i++) {
    const count = Math.max(1, Math.round(((i + 1) * width) / counts));
    planned.push(hot(count, 25, 0.03), hot(count, 25, 1), hot(count, 25, 3));
  }
  planned.slice(0, rows).forEach((fill, row) => {
    fill(values, row * width, width, random);
  });
}
