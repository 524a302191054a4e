/** `era demo language`: reinforcement learning of a small language model with and without ERA, from nothing, in minutes. */
import { join } from "node:path";
import { UsageError } from "@era/lab";
import type { Command } from "commander";
import { languageDemoDefaults, runLanguageDemo } from "../demo/languageDemo.ts";
import { wholeNumber } from "./eval.ts";

interface DemoOptions {
  readonly folder?: string;
  readonly seed: string;
  readonly steps: string;
  readonly sftSteps: string;
  readonly eraLow: string;
  readonly problems: string;
  readonly samples: string;
}

export function addDemoCommand(program: Command): void {
  const demo = program.command("demo").description("see what it is about, with nothing downloaded");
  demo
    .command("language")
    .description(
      "a small language model learns countdown, then GRPO goes on without and with ERA: entropy and pass@k beside each other",
    )
    .option("--folder <folder>", "folder to make for the runs and the page; runs/demo-language-<time> if left out")
    .option("--seed <number>", "seed of everything random", "1")
    .option("--sft-steps <number>", "steps of supervised fine-tuning", `${languageDemoDefaults.sftSteps}`)
    .option("--steps <number>", "steps of GRPO", `${languageDemoDefaults.grpoSteps}`)
    .option("--era-low <number>", "ERA's ω_low in nats", `${languageDemoDefaults.eraLow}`)
    .option("--problems <number>", "held-out problems", `${languageDemoDefaults.problems}`)
    .option("--samples <number>", "responses to each", `${languageDemoDefaults.samples}`)
    .action(async ({ folder = defaultFolder(), ...options }: DemoOptions) => {
      const { seed, steps, sftSteps, eraLow, problems, samples } = options;
      const low = Number(eraLow);
      if (!(low > 0 && low < 3)) throw new UsageError(`--era-low ${eraLow}: must be a number above 0 and below 3`);
      await runLanguageDemo(folder, {
        seed: wholeNumber("--seed", seed, 0),
        grpoSteps: wholeNumber("--steps", steps, 1),
        sftSteps: wholeNumber("--sft-steps", sftSteps, 1),
        eraLow: low,
        problems: wholeNumber("--problems", problems, 1),
        samples: wholeNumber("--samples", samples, 1),
      });
    });
}

const defaultFolder = (): string =>
  join("runs", `demo-language-${new Date().toISOString().slice(0, 19).replaceAll(":", "").replace("T", "-")}`);
