/** `era export <run>`: the trained policy of a run's newest checkpoint as a standalone ONNX model. */
import { join } from "node:path";
import { createSac, makeEnv, sacConfigSchema } from "@era/control";
import { FailureError, loadLatestCheckpoint, openRun, parseConfig, writeFileAtomic } from "@era/lab";
import { fromSafetensors, Random } from "@era/tensor";
import type { Command } from "commander";

export function addExportCommand(program: Command): void {
  program
    .command("export")
    .description("write the policy of a run's newest checkpoint as a standalone ONNX model")
    .argument("<run>", "a run folder")
    .option("--out <file>", "where to write it; policy.onnx in the run folder if left out")
    .option("--json", "print the result as one JSON object")
    .action(async (target: string, options: { out?: string; json?: boolean }) => {
      const run = openRun(target);
      if (run.record.kind !== "sac")
        throw new FailureError(`${target}: runs of "${run.record.kind}" have no policy to export`);
      const checkpoint = loadLatestCheckpoint(run);
      if (!checkpoint)
        throw new FailureError(
          `${target} has no checkpoint yet: train it first, with: era train sac --resume ${target}`,
        );
      const config = parseConfig(sacConfigSchema, run.record.config);
      const env = await makeEnv(config.env);
      const sizes = { observationSize: env.observationSpace.low.length, actionSize: env.actionSpace.low.length };
      env.close();
      const agent = await createSac(config, sizes, new Random(config.seed));
      try {
        agent.state.load(fromSafetensors(checkpoint.tensors));
      } catch (error) {
        throw new FailureError(`${target}: the checkpoint of step ${checkpoint.step}: ${(error as Error).message}`);
      }
      const file = options.out ?? join(target, "policy.onnx");
      const bytes = agent.exportPolicy();
      writeFileAtomic(file, bytes);
      if (options.json) console.log(JSON.stringify({ file, step: checkpoint.step, bytes: bytes.length, ...sizes }));
      else
        console.log(
          `${file}: the policy of step ${checkpoint.step}, ${sizes.observationSize} observations to ${sizes.actionSize} actions, any batch`,
        );
    });
}
