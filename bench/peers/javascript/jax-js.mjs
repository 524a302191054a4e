/**
 * The @jax-js/jax peer: SAC-ERA's update on its wasm backend (jax-js-learner.mjs), with as many workers as threads are allowed;
 * Node alone would leave it single-threaded, which `"workers": false` measures.
 */

import { serve, versionOf } from "./peer.mjs";
import * as sac from "./sac.mjs";
import { installWebWorkers } from "./web-worker.mjs";

await serve(async (config) => {
  if (config.workers !== false && config.threads > 1) installWebWorkers(config.threads);
  // The library looks for workers when it is loaded.
  const { makeLearner, usePlainForms } = await import("./jax-js-learner.mjs");
  if (config.plain) usePlainForms();
  const { compileSeconds, handlers } = await sac.handlers(makeLearner, config);
  return {
    ready: { name: config.plain ? "jax-js-plain" : "jax-js", version: versionOf("@jax-js/jax"), compileSeconds },
    handlers,
  };
});
