/** `era predict <run> <images…>`: what a trained classifier sees in image files. */
import { predict } from "@era/vision";
import type { Command } from "commander";
import { wholeNumber } from "./eval.ts";
import { locateClassifier } from "./evalClassifier.ts";

export function addPredictCommand(program: Command): void {
  program
    .command("predict")
    .description("name what a trained classifier sees in images, with probabilities and entropy")
    .argument("<run>", "a run folder of a classifier, or its exported model (.onnx)")
    .argument("<images...>", "JPEG, PNG or WebP files of any size")
    .option("--top <number>", "classes to name", "3")
    .option("--json", "print one JSON object per image, one a line, with every class")
    .action(async (target: string, images: readonly string[], options: { top: string; json?: boolean }) => {
      const top = wholeNumber("--top", options.top, 1);
      const classifier = await locateClassifier(target);
      try {
        for (const file of images) {
          const prediction = await predict(classifier, file);
          if (options.json) console.log(JSON.stringify(prediction));
          else {
            const named = prediction.classes
              .slice(0, top)
              .map(({ name, probability }) => `${name} ${(100 * probability).toFixed(1)} %`);
            console.log(`${file}: ${named.join(", ")}; entropy ${prediction.entropy.toFixed(3)} nat`);
          }
        }
      } finally {
        await classifier.model.dispose();
      }
    });
}
