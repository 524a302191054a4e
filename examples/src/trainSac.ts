/**
 * SAC-ERA from a program instead of the command line: a short run on InvertedPendulum-v5 in its own run folder, with a certified floor.
 *
 *   node examples/dist/trainSac.js [run folder]
 */
import { sacAlgorithm, sacConfigSchema, trainRun } from "@era/control";
import { createRun } from "@era/lab";

const config = sacConfigSchema.parse({
  env: "InvertedPendulum-v5",
  steps: 4000,
  startSteps: 500,
  updatesPerStep: 1,
  hidden: [64, 64],
  evalEvery: 1000,
  evalEpisodes: 3,
  // The policy itself keeps −0.5 nat at every state, whatever the network does.
  entropy: -0.5,
  entropyOf: "policy",
});
const { floor } = sacAlgorithm.check(config);
const run = createRun({ dir: process.argv[2] ?? `runs/example-${Date.now()}`, kind: sacAlgorithm.name, config });
try {
  const summary = await trainRun(sacAlgorithm, config, run, undefined, {
    onProgress: ({ step, score, entropy }) => {
      if (step % 1000 === 0) console.log(`step ${step}: return ${score?.toFixed(1)}, entropy ${entropy?.toFixed(3)}`);
    },
  });
  console.log(
    `final return ${summary.score.final}; entropy at least ${summary.entropy?.min?.toFixed(4)}, floor ${floor?.toFixed(4)}`,
  );
  console.log(`run folder: ${run.dir}`);
} finally {
  run.close();
}
