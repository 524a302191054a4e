/** The panel of numbers: step, reward, return, and entropy against its floor. */
import { element, svgElement } from "./elements.ts";
import type { Replay } from "./replay.ts";
import type { Timeline } from "./timeline.ts";

const WIDTH = 220;
const HEIGHT = 46;

export class Readings {
  readonly element: HTMLElement;
  readonly #replay: Replay;
  readonly #timeline: Timeline;
  readonly #values: Readonly<Record<"step" | "reward" | "return" | "entropy", HTMLElement>>;
  readonly #heads: readonly SVGElement[];

  constructor(replay: Replay, timeline: Timeline) {
    this.#replay = replay;
    this.#timeline = timeline;
    const value = () => element("dd", {});
    this.#values = { step: value(), reward: value(), return: value(), entropy: value() };
    const { rewards, entropies, entropyFloor } = replay;
    const charts = [
      { ...chart(rewards, undefined, "reward"), name: "reward" },
      ...(entropies ? [{ ...chart(entropies, entropyFloor, "entropy"), name: "entropy" }] : []),
    ];
    this.#heads = charts.map(({ head }) => head);
    const shown = (["step", "reward", "return", "entropy"] as const).filter((name) => name !== "entropy" || entropies);
    this.element = element(
      "aside",
      {},
      element("h1", {}, replay.title),
      element("p", {}, replay.subtitle),
      element("dl", {}, ...shown.flatMap((name) => [element("dt", {}, name), this.#values[name]])),
      ...charts.flatMap(({ svg, name }) => [
        element(
          "p",
          { className: "caption" },
          name,
          ...(name === "entropy" && entropyFloor !== undefined
            ? [element("span", { className: "floor" }, `floor ${entropyFloor.toFixed(2)} nat`)]
            : []),
        ),
        svg,
      ]),
    );
  }

  /** Shows the numbers of a state: the reward that led to it, the policy's entropy in it. */
  show(index: number): void {
    const { rewards, entropies } = this.#replay;
    const { steps } = this.#timeline;
    const values = this.#values;
    values.step.textContent = `${index.toLocaleString("en")} of ${steps.toLocaleString("en")}`;
    values.reward.textContent = (index === 0 ? 0 : (rewards[index - 1] ?? 0)).toFixed(2);
    values.return.textContent = this.#timeline.returnAt(index).toFixed(1);
    const entropy = entropies?.[Math.min(index, steps - 1)];
    if (entropy !== undefined) values.entropy.textContent = `${entropy.toFixed(2)} nat`;
    const x = steps > 1 ? (Math.min(index, steps - 1) / (steps - 1)) * WIDTH : 0;
    for (const head of this.#heads) {
      head.setAttribute("x1", String(x));
      head.setAttribute("x2", String(x));
    }
  }
}

/** A curve over the episode, with a line at the floor and one that moves. */
function chart(values: Float32Array, floor: number | undefined, className: string) {
  const finite = Array.from(values).filter(Number.isFinite);
  const all = floor === undefined ? finite : [...finite, floor];
  const least = all.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = all.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const y = (value: number) => HEIGHT - 3 - (most > least ? (value - least) / (most - least) : 0.5) * (HEIGHT - 6);
  const points = Array.from(values, (value, i) => [(i / Math.max(1, values.length - 1)) * WIDTH, y(value)] as const)
    .filter(([, height]) => Number.isFinite(height))
    .map(([x, height]) => `${x.toFixed(1)},${height.toFixed(1)}`);
  const head = svgElement("line", { class: "head", y1: 0, y2: HEIGHT });
  const lines = floor === undefined ? [] : [{ class: "floor", x1: 0, x2: WIDTH, y1: y(floor), y2: y(floor) }];
  const svg = svgElement(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: className },
    ...lines.map((attributes) => svgElement("line", attributes)),
    svgElement("polyline", { points: points.join(" "), "stroke-width": points.length > 400 ? 0.6 : 1 }),
    head,
  );
  return { svg, head };
}
