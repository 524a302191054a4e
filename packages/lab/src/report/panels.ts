import type { MetricsRow } from "../metrics.ts";
import { withMinus } from "../numberText.ts";
import type { Rule } from "./chart.ts";

/** One chart of a report. */
export interface Panel {
  readonly title: string;
  /** The names of the metrics it draws; those that were never logged are left out. */
  readonly series: readonly string[];
  readonly rules?: readonly Rule[];
  /** What the vertical axis measures, such as "nats". */
  readonly unit?: string;
}

/** The part of a metric's name that says on what data it was measured: these share a chart. */
const SPLITS: Readonly<Record<string, string>> = {
  train: "training",
  eval: "evaluation",
  validation: "validation",
  test: "test",
};
/** Charts come in this order, the others between the last two. */
const FIRST = ["return", "accuracy", "reward", "entropy"];
const LAST = ["speed", "memory"];
/** Groups that say what kind of thing is measured, and so come last in words: the critic loss. */
const KINDS = ["loss", "gradient", "memory"];
/** What a group of metrics is measured in. */
const UNITS: Readonly<Record<string, string>> = { memory: "MiB" };

/**
 * A panel for each thing that was measured: the same one on training and evaluation data together, all entropies
 * together (against the floor, if one is given), every other metric by itself; scores first, speed and memory last.
 */
export function defaultPanels(rows: readonly MetricsRow[], entropyFloor?: number): Panel[] {
  const names = new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)));
  const topics = new Map<string, string[]>();
  for (const name of names) {
    const topic = topicOf(name);
    topics.set(topic, [...(topics.get(topic) ?? []), name]);
  }
  const splits = Object.keys(SPLITS);
  const splitOf = (name: string) => splits.indexOf(name.split("/")[0] ?? "");
  for (const series of topics.values()) series.sort((a, b) => splitOf(a) - splitOf(b));
  const ordered = [...topics].sort(([a], [b]) => rank(a) - rank(b));
  return ordered.map(([topic, series]): Panel => {
    const unit = UNITS[topic.split("/")[0] ?? ""];
    if (topic !== "entropy") return { title: titleOf(topic), series, ...(unit !== undefined && { unit }) };
    const rules =
      entropyFloor === undefined ? [] : [{ value: entropyFloor, label: withMinus(`floor ${entropyFloor.toFixed(2)}`) }];
    // A logged floor is the rule already.
    const drawn = rules.length === 0 ? series : series.filter((name) => !/floor$/i.test(name));
    const bearers = new Set(drawn.map((name) => name.split("/")[0] ?? ""));
    const [bearer = ""] = bearers;
    const title = bearers.size > 1 || Object.hasOwn(SPLITS, bearer) ? "Entropy" : `${titleOf(bearer)} entropy`;
    return { title, series: drawn, rules, unit: "nats" };
  });
}

function topicOf(name: string): string {
  if (/entropy/i.test(name)) return "entropy";
  const [group, ...rest] = name.split("/");
  return rest.length > 0 && Object.hasOwn(SPLITS, group ?? "") ? rest.join("/") : name;
}

function rank(topic: string): number {
  const first = FIRST.indexOf(topic);
  if (first >= 0) return first;
  return FIRST.length + 1 + LAST.indexOf(topic.split("/")[0] ?? "");
}

/** "loss/critic" is the "Critic loss", "speed/stepsPerSecond" the "Steps per second". */
function titleOf(topic: string): string {
  const [group, ...rest] = topic.split("/");
  const name = rest.join(" ");
  const words =
    name === "" || group === "speed"
      ? name || group
      : KINDS.includes(group ?? "")
        ? `${name} ${group}`
        : `${group} ${name}`;
  const text = spaced(words ?? topic);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Short names for the metrics of one panel: what tells them apart. */
export function seriesLabels(names: readonly string[]): string[] {
  const parts = names.map((name) => {
    const slash = name.indexOf("/");
    return { group: slash < 0 ? "" : name.slice(0, slash), rest: name.slice(slash + 1) };
  });
  const labels = parts.map(({ group, rest }) => {
    if (parts.every((part) => part.rest === rest)) return SPLITS[group] ?? spaced(group || rest);
    return parts.every((part) => part.group === group) ? spaced(rest) : spaced(`${SPLITS[group] ?? group} ${rest}`);
  });
  return new Set(labels).size === labels.length ? labels : [...names];
}

/** camelCase as words. */
const spaced = (name: string): string =>
  name.replace(/([a-z0-9])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`).trim();
