/** What a folder of several seeds is to become: `seeds.json` in it, read again by `--resume`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Algorithm,
  FailureError,
  makeFolder,
  openRun,
  parseConfig,
  runSummary,
  type TrainingConfig,
  UsageError,
  writeFileAtomic,
} from "@era/lab";
import { z } from "zod";

const planFile = "seeds.json";

const planSchema = z.object({
  format: z.literal(1),
  kind: z.string(),
  seeds: z.array(z.int().nonnegative()).min(1),
  /** Every setting but the seed; `--config seeds.json` reads it too. */
  config: z.record(z.string(), z.unknown()),
});

export interface SeedPlan {
  readonly dir: string;
  readonly seeds: readonly number[];
  /** The settings of every seed; its `seed` is the first's. */
  readonly config: TrainingConfig;
}

/** Whether a folder is one of several seeds. */
export const isSeedFolder = (dir: string): boolean => existsSync(planPath(dir));

/** The file of a folder's settings. */
export const planPath = (dir: string): string => join(dir, planFile);

/** The folder of one seed. */
export const seedFolder = ({ dir }: SeedPlan, seed: number): string => join(dir, `seed${seed}`);

/**
 * The seeds of `--seeds 1,2,3`, each as the algorithm's settings allow it.
 * @throws UsageError where one is none, or given twice
 */
export function parseSeeds(algorithm: Algorithm, text: string): number[] {
  const seeds = text.split(",").map((seed) => parseConfig(algorithm.schema, { seed }).seed);
  const repeated = seeds.find((seed, index) => seeds.indexOf(seed) !== index);
  if (repeated !== undefined) throw new UsageError(`--seeds ${text}: seed ${repeated} is there twice`);
  return seeds;
}

/**
 * Makes the folder.
 * @throws UsageError where something is there already, or no folder can be made
 */
export function createPlan(algorithm: Algorithm, plan: SeedPlan): void {
  const { dir } = plan;
  if (isSeedFolder(dir)) {
    throw new UsageError(`${dir} already holds runs: choose another folder, or continue them with --resume ${dir}`);
  }
  try {
    makeFolder(dir);
  } catch (error) {
    throw new UsageError(`${dir} can't be made: ${(error as Error).message}`, { cause: error });
  }
  const [foreign] = readdirSync(dir);
  if (foreign !== undefined) throw new UsageError(`${dir} is not empty (${foreign}): choose another folder`);
  writePlan(algorithm, plan);
}

/** Writes the plan into its folder. */
export function writePlan(algorithm: Algorithm, { dir, seeds, config }: SeedPlan): void {
  const { seed: _, ...shared } = config;
  const content = { format: 1 as const, kind: algorithm.name, seeds: [...seeds], config: shared };
  writeFileAtomic(planPath(dir), `${JSON.stringify(content satisfies z.infer<typeof planSchema>, null, 2)}\n`);
}

/**
 * Reads the plan of a folder, which was stored complete; what is given wins.
 * @throws UsageError where it is another algorithm's; FailureError where it is damaged
 */
export async function readPlan(algorithm: Algorithm, dir: string, given: Record<string, unknown>): Promise<SeedPlan> {
  let content: z.infer<typeof planSchema>;
  try {
    content = planSchema.parse(JSON.parse(readFileSync(planPath(dir), "utf8")));
  } catch (error) {
    throw new FailureError(`${planPath(dir)} is damaged, or not a plan of seeds`, { cause: error });
  }
  const { kind, seeds, config } = content;
  if (kind !== algorithm.name) {
    throw new UsageError(`${dir} has runs of "${kind}": continue them with era train ${kind} --resume ${dir}`);
  }
  return { dir, seeds, config: await algorithm.settings(config, { ...given, seed: seeds[0] }, planPath(dir)) };
}

/** Where a seed stands: not begun, begun, or finished with its budget used up. */
export function seedState(plan: SeedPlan, seed: number): "new" | "begun" | "done" {
  const dir = seedFolder(plan, seed);
  if (!existsSync(join(dir, "config.json"))) return "new";
  const summary = runSummary(openRun(dir));
  return summary?.status === "finished" && summary.steps >= plan.config.steps ? "done" : "begun";
}
