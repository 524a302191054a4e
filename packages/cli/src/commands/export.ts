/** `era export <run>`: the model of a run's newest checkpoint as a standalone ONNX model; a language model as a Hugging Face folder. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { FailureError, loadLatestCheckpoint, openRun, runPath } from "@era/lab";
import type { Command } from "commander";
import { algorithmOf } from "../algorithms.ts";

export function addExportCommand(program: Command): void {
  program
    .command("export")
    .description(
      "write the model of a run's newest checkpoint: as a standalone ONNX model, a language model as a Hugging Face folder",
    )
    .argument("<run>", "a run folder")
    .option(
      "--out <file>",
      "where to write it; policy.onnx, model.onnx or the folder model in the run folder if left out",
    )
    .option("--json", "print the result as one JSON object")
    .action(async (target: string, options: { out?: string; json?: boolean }) => {
      const run = openRun(target);
      const algorithm = algorithmOf(run.record.kind);
      const checkpoint = loadLatestCheckpoint(run);
      if (!checkpoint)
        throw new FailureError(
          `${target} has no checkpoint yet: train it first, with: era train ${algorithm.name} --resume ${target}`,
        );
      const config = await algorithm.settings(run.record.config, {}, runPath({ dir: target }, "config.json"));
      const { text, sizes } = algorithm.modelSizes(config);
      const learner = await algorithm.open(config);
      const file = options.out ?? join(target, algorithm.domain.modelFile);
      try {
        learner.load(checkpoint);
        await learner.writeModel(file);
      } catch (error) {
        if (error instanceof FailureError) throw error;
        throw new FailureError(`${target}: the checkpoint of step ${checkpoint.step}: ${(error as Error).message}`);
      } finally {
        await learner.dispose();
      }
      if (options.json) console.log(JSON.stringify({ file, step: checkpoint.step, bytes: bytesOf(file), ...sizes }));
      else console.log(`${file}: the ${algorithm.domain.entropy.bearer} of step ${checkpoint.step}, ${text}`);
    });
}

/** The size of a file, or of all files in a folder. */
function bytesOf(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((total, name) => total + bytesOf(join(path, name)), 0);
}
