/** `era verify`: attacks every activation's floor and says what it found. */
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createProgress, curveSvg, FailureError, UsageError, writeFileAtomic } from "@era/lab";
import type { Command } from "commander";
import { figures } from "../verify/figures.ts";
import { claims } from "../verify/grid.ts";
import { verifyPage } from "../verify/page.ts";
import { failureLine, thoroughTable, verdictTable } from "../verify/table.ts";
import { evaluateThoroughly, type ThoroughResult, thoroughCases } from "../verify/thorough.ts";
import { type Verdict, verify } from "../verify/verify.ts";
import { wholeNumber } from "./eval.ts";

interface VerifyOptions {
  readonly thorough?: boolean;
  readonly evaluations: string;
  readonly only?: string;
  readonly seed: string;
  readonly json?: boolean;
  readonly html?: string;
  readonly figures?: string;
}

export function addVerifyCommand(program: Command): void {
  program
    .command("verify")
    .description(
      "attack the certified entropy floors: minimize entropy through every activation, in float64 and float32",
    )
    .option("--thorough", "also evaluate specs calibrated for float32 a hundred million times")
    .option("--evaluations <number>", "how many evaluations --thorough makes", "100000000")
    .option("--only <family>", "truncated, squashed, softmax or sequence")
    .option("--seed <number>", "seed of the attacks", "1")
    .option("--json", "print all verdicts as one JSON object")
    .option("--html <file>", "write a page with every verdict and the figures")
    .option("--figures <folder>", "write the figures alone as SVG files, and verify nothing")
    .addHelpText(
      "after",
      `
For each spec: the closed-form floor (packages/activation/THEORY.md), the worst entropy that gradient descent finds from random, one-hot,
k-hot and extreme inputs, and whether the two agree. Exit code 1 if any evaluation falls below a floor by more than its arithmetic allows, or
if the search does not come within 1e-4 nat of a floor.`,
    )
    .action(verifyCommand);
}

async function verifyCommand(options: VerifyOptions): Promise<void> {
  if (options.figures !== undefined) return writeFigures(options.figures);
  const seed = wholeNumber("--seed", options.seed, 1);
  const only = options.only;
  const chosen = claims().filter(({ family }) => only === undefined || family.startsWith(only));
  if (only === "" || chosen.length === 0) {
    throw new UsageError(`--only ${only}: there are truncated, squashed, softmax and sequence`);
  }
  const cases = options.thorough
    ? thoroughCases(wholeNumber("--evaluations", options.evaluations, 1)).filter(
        ({ claim }) => only === undefined || claim.family.startsWith(only),
      )
    : [];
  const startedAt = performance.now();

  const verdicts: Verdict[] = [];
  await withProgress(chosen.length, async (advance) => {
    for (const claim of chosen) {
      verdicts.push(await verify(claim, seed));
      advance(1);
    }
  });
  const thorough: ThoroughResult[] = [];
  if (cases.length > 0) {
    const total = cases.reduce((sum, { evaluations }) => sum + evaluations, 0);
    await withProgress(total, async (advance) => {
      for (const each of cases) thorough.push(await evaluateThoroughly(each, seed, advance));
    });
  }

  const seconds = (performance.now() - startedAt) / 1000;
  const failed = verdicts.filter(({ kept, attained }) => !kept || !attained);
  const below = thorough.filter((result) => result.below > 0);
  const isGood = failed.length + below.length === 0;
  if (options.html !== undefined) {
    const provenance = [new Date().toISOString().slice(0, 10), `Node ${process.versions.node}`, `seed ${seed}`];
    writeFileAtomic(options.html, await verifyPage(verdicts, thorough, provenance));
  }
  if (options.json) console.log(JSON.stringify({ ok: isGood, seconds, seed, verdicts, thorough }));
  else {
    console.log(verdictTable(verdicts));
    if (thorough.length > 0) console.log(`\n${thoroughTable(thorough)}`);
    for (const verdict of failed) console.log(failureLine(verdict));
    const evaluations = [...verdicts, ...thorough].reduce((sum, result) => sum + result.evaluations, 0);
    console.log(
      `\n${verdicts.length} floors attacked with ${evaluations.toLocaleString("en-US")} evaluations in ${seconds.toFixed(0)} s on ${availableParallelism()} cores: ${isGood ? "all kept, all attained within 1e-4 nat" : `${failed.length + below.length} FAILED`}`,
    );
    if (options.html !== undefined) console.log(`page: ${options.html}`);
  }
  if (!isGood) {
    const first = failed[0];
    throw new FailureError(
      `verify: ${failed.length + below.length} of ${verdicts.length + thorough.length} failed; ${first ? failureLine(first) : `${below[0]?.family} ${below[0]?.name}: ${below[0]?.below} evaluations below ${below[0]?.asked} nat`}`,
    );
  }
}

/** Runs work of a known length with a live line on standard error. */
async function withProgress(total: number, work: (advance: (by: number) => void) => Promise<void>): Promise<void> {
  const progress = createProgress({ total, stream: process.stderr, start: 0 });
  let done = 0;
  try {
    await work((by) => {
      done = Math.min(total, done + by);
      progress.update(done, {});
    });
  } finally {
    progress.stop();
  }
}

async function writeFigures(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [name, figure] of Object.entries(figures)) {
    const path = join(folder, `${name}.svg`);
    writeFileAtomic(path, await curveSvg(figure()));
    console.log(path);
  }
}
