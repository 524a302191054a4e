/** `era export <run>`: the trained policy of a run's newest checkpoint as a standalone ONNX model. */
import { join } from "node:path";
import { algorithmOf, environmentSpec } from "@era/control";
import { FailureError, loadLatestCheckpoint, openRun, parseConfig, runPath, writeFileAtomic } from "@era/lab";
import type { Command } from "commander";
import { knownEnvironment } from "../knownEnvironment.ts";

export function addExportCommand(program: Command): void {
  program
    .command("export")
    .description("write the policy of a run's newest checkpoint as a standalone ONNX model")
    .argument("<run>", "a run folder")
    .option("--out <file>", "where to write it; policy.onnx in the run folder if left out")
    .option("--json", "print the result as one JSON object")
    .action(async (target: string, options: { out?: string; json?: boolean }) => {
      const run = openRun(target);
      const algorithm = algorithmOf(run.record.kind);
      const checkpoint = loadLatestCheckpoint(run);
      if (!checkpoint)
        throw new FailureError(
          `${target} has no checkpoint yet: train it first, with: era train ${algorithm.name} --resume ${target}`,
        );
      const config = await knownEnvironment(
        parseConfig(algorithm.schema, run.record.config),
        runPath({ dir: target }, "config.json"),
      );
      const { observationSpace, actionSpace } = environmentSpec(config.env);
      const sizes = { observationSize: observationSpace.low.length, actionSize: actionSpace.size };
      const learner = await algorithm.open(config);
      let bytes: Uint8Array;
      try {
        learner.load(checkpoint);
        bytes = learner.exportPolicy();
      } catch (error) {
        throw new FailureError(`${target}: the checkpoint of step ${checkpoint.step}: ${(error as Error).message}`);
      } finally {
        await learner.dispose();
      }
      const file = options.out ?? join(target, "policy.onnx");
      writeFileAtomic(file, bytes);
      if (options.json) console.log(JSON.stringify({ file, step: checkpoint.step, bytes: bytes.length, ...sizes }));
      else
        console.log(
          `${file}: the policy of step ${checkpoint.step}, ${sizes.observationSize} observations to ${sizes.actionSize} actions, any batch`,
        );
    });
}
