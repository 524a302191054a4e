/**
 * The @tensorflow/tfjs peer: SAC-ERA's update on its wasm backend (tfjs-learner.mjs), with SIMD. The library itself switches
 * threads off in Node.
 */

import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { serve, versionOf } from "./peer.mjs";
import * as sac from "./sac.mjs";
import { makeLearner, usePlainForms } from "./tfjs-learner.mjs";

await serve(async (config) => {
  if (!(await tf.setBackend("wasm"))) throw new Error("TensorFlow.js could not start its wasm backend");
  await tf.ready();
  if (config.plain) usePlainForms();
  const { compileSeconds, handlers } = await sac.handlers(makeLearner, config);
  return {
    ready: { name: config.plain ? "tfjs-plain" : "tfjs", version: versionOf("@tensorflow/tfjs"), compileSeconds },
    handlers,
  };
});
