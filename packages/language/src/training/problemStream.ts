/** Where training problems come from, one after the other, with a state that a checkpoint can hold. */
import { Random, type RandomState } from "@era/tensor";
import type { Task, TrainingProblem } from "../tasks/task.ts";

export type StreamState = { readonly random: RandomState } | { readonly taken: number };

/** Training problems without end. */
export interface ProblemStream {
  take(count: number): TrainingProblem[];
  /** Everything that decides which problems come. */
  state: StreamState;
}

/** Problems of a task, freshly drawn each time: none of the held-out ones, and none that does not fit. */
export function generatedStream(
  task: Task,
  seed: number,
  heldOut: readonly TrainingProblem[],
  fits: (problem: TrainingProblem) => boolean = () => true,
): ProblemStream {
  const random = new Random(seed);
  const excluded = new Set(heldOut.map(({ id }) => id));
  const draw = (): TrainingProblem => {
    for (;;) {
      const problem = task.draw(random);
      if (!excluded.has(problem.id) && fits(problem)) return problem;
    }
  };
  return {
    take: (count) => Array.from({ length: count }, draw),
    get state() {
      return { random: random.state };
    },
    set state(state) {
      if (!("random" in state)) throw new Error("the checkpoint's problems were not generated");
      random.state = state.random;
    },
  };
}

/** Different problems of a task, the same ones for every seed of a run: what evaluations use. */
export function evaluationProblems(task: Task, count: number): TrainingProblem[] {
  const random = new Random(evaluationSeed);
  const problems = new Map<string, TrainingProblem>();
  for (let draws = 0; problems.size < count; draws++) {
    // A task with fewer problems than asked for gives what there is.
    if (draws > 100 * count) break;
    const problem = task.draw(random);
    problems.set(problem.id, problem);
  }
  return [...problems.values()];
}

const evaluationSeed = 2510_08549;

/** The problems of a list, each once an epoch, in an order of the epoch's own. */
export function listStream(problems: readonly TrainingProblem[], seed: number): ProblemStream {
  let taken = 0;
  let epoch = -1;
  let order: number[] = [];
  const next = (): TrainingProblem => {
    const current = Math.floor(taken / problems.length);
    if (current !== epoch) {
      epoch = current;
      order = shuffled(problems.length, new Random([seed, current, 0x9e3779b9 | 0, 1]));
    }
    const problem = problems[order[taken % problems.length] ?? 0];
    taken++;
    if (!problem) throw new Error("there are no problems");
    return problem;
  };
  return {
    take: (count) => Array.from({ length: count }, next),
    get state() {
      return { taken };
    },
    set state(state) {
      if (!("taken" in state)) throw new Error("the checkpoint's problems were not from a file");
      taken = state.taken;
    },
  };
}

/** The numbers 0 to count − 1 in random order (Fisher and Yates). */
export function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = random.integer(i + 1);
    [order[i], order[other]] = [order[other] ?? 0, order[i] ?? 0];
  }
  return order;
}
