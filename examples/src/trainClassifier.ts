/**
 * A classifier with a floor under the entropy of its predictions, from a program: MNIST (the package @era/vision's optional data), one epoch.
 *
 *   node examples/dist/trainClassifier.js [run folder]
 */
import { createRun, trainRun } from "@era/lab";
import { classifierAlgorithm } from "@era/vision";

const config = await classifierAlgorithm.settings(
  {},
  {
    data: "mnist",
    model: "cnn",
    augment: "none",
    epochs: 1,
    learningRate: 0.05,
    warmUpEpochs: 0.2,
    // No prediction is more certain than this, in nats; the tight bound promises what was asked, at any number of classes.
    entropy: 0.3,
    bound: "tight",
  },
);
const { floor } = await classifierAlgorithm.check(config);
const run = createRun({ dir: process.argv[2] ?? `runs/example-${Date.now()}`, kind: classifierAlgorithm.name, config });
try {
  const { score, entropy } = await trainRun(classifierAlgorithm, config, run);
  console.log(`accuracy ${score.final}; lowest entropy ${entropy?.min?.toFixed(4)}, floor ${floor?.toFixed(4)} nat`);
  console.log(`run folder: ${run.dir}; see it with: npx era eval ${run.dir} --html eval.html`);
} finally {
  run.close();
}
