import { UsageError } from "../errors.ts";
import type { CurvePoint } from "../report/curve.ts";
import type { FoundRun } from "./findRuns.ts";

/** A run with its score: the last measurement of what it is judged by. */
export interface ScoredRun extends Omit<FoundRun, "curve"> {
  readonly score: number;
  readonly curve: readonly CurvePoint[];
}

/** The repetitions of one method on one task. */
export interface RunGroup {
  readonly variant: string;
  readonly task: string;
  readonly runs: readonly ScoredRun[];
}

/** Runs in order: methods by tasks. */
export interface RunTable {
  readonly metric: string;
  readonly variants: readonly string[];
  readonly tasks: readonly string[];
  /** In the order of variants, then tasks; cells without runs are left out. */
  readonly groups: readonly RunGroup[];
  /** What was allowed, and what a reader has to know: one sentence each. */
  readonly notes: readonly string[];
}

/** What is refused unless it is allowed; each is a flag `--allow-…` of `era compare`. */
export const allowances = {
  unfinished: "compare runs that have not finished by what they have reached so far",
  settings: "take runs for repetitions although their settings differ",
  seeds: "count runs with the same seed as repetitions",
  steps: "compare runs of one task with different budgets of steps",
  missing: "compare methods of which some were not run on every task",
} as const;
export type Allowance = keyof typeof allowances;

export interface TabulateOptions {
  /** Settings that tell methods apart besides algorithm, head and whose entropy is asked for. */
  readonly labels?: readonly string[];
  /** How an algorithm is called: by its `kind` if left out. */
  readonly titleOf?: (kind: string) => string;
  readonly allowed?: ReadonlySet<Allowance>;
}

/** Settings that may differ between repetitions: they decide no result beyond what a seed does. */
const INCIDENTAL = new Set(["env", "seed", "steps", "threads", "logEvery", "checkpointEvery"]);
/** A curve and an interval of fewer repetitions say little. */
const FEW = 3;

/**
 * Puts runs in order, and refuses what would make a comparison wrong without being seen.
 *
 * @throws UsageError in one line naming the runs, and the flag that allows it
 */
export function tabulate(found: readonly FoundRun[], options: TabulateOptions = {}): RunTable {
  const { labels = [], titleOf = (kind) => kind, allowed = new Set() } = options;
  const notes: string[] = [];
  const refuse = (allowance: Allowance, problem: string, consequence: string) => {
    if (!allowed.has(allowance)) throw new UsageError(`${problem}; --allow-${allowance} compares them all the same`);
    notes.push(`${problem}: ${consequence}.`);
  };

  const metric = commonMetric(found);
  const unfinished = found.filter(({ status }) => status !== "finished");
  if (unfinished.length > 0) {
    const states = unfinished.map(({ dir, status }) => `${dir} (${status})`);
    refuse("unfinished", `not finished: ${list(states)}`, "compared by what they have reached so far");
  }
  const runs = found.map((run) => scored(run, metric));
  const unlabelled = labels.find((name) => runs.every(({ config }) => config[name] === undefined));
  if (unlabelled !== undefined) throw new UsageError(`--label ${unlabelled}: no run has a setting of that name`);
  const groups = grouped(runs, labels, titleOf);

  for (const { variant, task, runs: same } of groups) {
    const differing = differingSettings(same);
    if (differing.length > 0) {
      const [setting = "", ...more] = differing;
      const [a, b] = differingPair(same, setting);
      const problem = `${a.dir} and ${b.dir} are both ${variant} on ${task}, but differ in ${setting} (${show(a, setting)} and ${show(b, setting)})${more.length > 0 ? ` and in ${more.join(", ")}` : ""}`;
      const hint = allowed.has("settings") ? "" : `: tell them apart with --label ${setting}`;
      refuse("settings", `${problem}${hint}`, "taken for repetitions");
    }
    const twice = same.find((run, index) => same.findIndex(({ seed }) => seed === run.seed) !== index);
    if (twice) {
      const equal = same.filter(({ seed }) => seed === twice.seed);
      refuse(
        "seeds",
        `the same seed ${twice.seed} of ${variant} on ${task}: ${list(equal.map(({ dir }) => dir))}`,
        "counted as repetitions, so intervals are too narrow where these are the same run",
      );
    }
  }

  const tasks = [...new Set(groups.map(({ task }) => task))].sort((a, b) => a.localeCompare(b, "en"));
  const variants = [...new Set(groups.map(({ variant }) => variant))];
  for (const task of tasks) {
    const ofTask = runs.filter((run) => run.task === task);
    const budgets = [...new Set(ofTask.map(({ budget }) => budget))];
    if (budgets.length > 1) {
      const named = budgets.map(
        (budget) =>
          `${budget.toLocaleString("en-US")} steps (${list(ofTask.filter((run) => run.budget === budget).map(({ dir }) => dir))})`,
      );
      refuse("steps", `different budgets on ${task}: ${named.join(", ")}`, "each is compared at its own end");
    }
  }
  const missing = variants.flatMap((variant) =>
    tasks
      .filter((task) => !groups.some((group) => group.variant === variant && group.task === task))
      .map((task) => `${variant} on ${task}`),
  );
  if (missing.length > 0) {
    refuse(
      "missing",
      `no runs of ${list(missing)}`,
      "what is said of all tasks together is of those that all methods were run on",
    );
  }
  const few = groups.filter((group) => group.runs.length < FEW);
  if (few.length > 0) {
    const named = few.map(({ variant, task, runs: { length } }) => `${variant} on ${task} (${length})`);
    notes.push(`Fewer than ${FEW} seeds: ${list(named)}: intervals of so few runs are too narrow.`);
  }
  const revisions = new Set(runs.map(({ revision }) => revision?.slice(0, 7)).filter((name) => name !== undefined));
  if (revisions.size > 1) notes.push(`The runs come from several revisions of the code: ${list([...revisions])}.`);
  return { metric, variants, tasks, groups: ordered(groups, variants, tasks), notes };
}

function commonMetric(found: readonly FoundRun[]): string {
  const judged = found.filter(({ metric }) => metric !== undefined);
  const [first] = judged;
  if (first?.metric === undefined) throw new UsageError(`no summary.json yet in ${list(found.map(({ dir }) => dir))}`);
  const other = judged.find(({ metric }) => metric !== first.metric);
  if (other) {
    throw new UsageError(
      `${first.dir} is judged by ${first.metric}, ${other.dir} by ${other.metric}: compare them separately`,
    );
  }
  return first.metric;
}

function scored(run: FoundRun, metric: string): ScoredRun {
  const curve = run.curve(metric);
  const score = curve.at(-1)?.value;
  if (score === undefined) throw new UsageError(`${run.dir} has no ${metric} yet: leave it out`);
  return { ...run, score, curve };
}

function grouped(runs: readonly ScoredRun[], labels: readonly string[], titleOf: (kind: string) => string): RunGroup[] {
  const groups = new Map<string, { variant: string; task: string; runs: ScoredRun[] }>();
  for (const run of runs) {
    const variant = variantLabel(run, labels, titleOf);
    const key = JSON.stringify([variant, run.task]);
    const group = groups.get(key);
    if (group) group.runs.push(run);
    else groups.set(key, { variant, task: run.task, runs: [run] });
  }
  return [...groups.values()];
}

function ordered(groups: readonly RunGroup[], variants: readonly string[], tasks: readonly string[]): RunGroup[] {
  const place = ({ variant, task }: RunGroup) => variants.indexOf(variant) * tasks.length + tasks.indexOf(task);
  return groups.toSorted((a, b) => place(a) - place(b));
}

/** Settings that say nothing of a plain head, which has no floor. */
const ofFloor = new Set(["entropy", "bound", "inverse"]);
const isTelling = ({ config }: ScoredRun, name: string): boolean => config.head !== "plain" || !ofFloor.has(name);

/** "SAC era of gaussian", "SAC maxent, discount 0.9". */
function variantLabel(run: ScoredRun, labels: readonly string[], titleOf: (kind: string) => string): string {
  const { kind, config } = run;
  const words = [titleOf(kind)];
  if (typeof config.head === "string") words.push(config.head);
  // Only ERA's head has an entropy that is asked of someone.
  if (config.head === "era" && typeof config.entropyOf === "string") words.push(`of ${config.entropyOf}`);
  const telling = labels.filter((name) => isTelling(run, name));
  return [words.join(" "), ...telling.map((name) => `${name} ${show(run, name)}`)].join(", ");
}

function differingSettings(runs: readonly ScoredRun[]): string[] {
  const names = new Set(runs.flatMap((run) => Object.keys(run.config).filter((name) => isTelling(run, name))));
  return [...names].filter((name) => !INCIDENTAL.has(name) && new Set(runs.map((run) => show(run, name))).size > 1);
}

function differingPair(runs: readonly ScoredRun[], setting: string): [ScoredRun, ScoredRun] {
  const first = runs[0] as ScoredRun;
  // There are two: the setting differs.
  return [first, runs.find((run) => show(run, setting) !== show(first, setting)) as ScoredRun];
}

const show = ({ config }: ScoredRun, name: string): string => {
  const value = config[name];
  return value === undefined
    ? "none"
    : typeof value === "string"
      ? value
      : Array.isArray(value)
        ? value.join(",")
        : JSON.stringify(value);
};

/** Names for one line: the first few and how many more. */
function list(names: readonly string[], most = 4): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
