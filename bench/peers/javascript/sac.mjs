/** What the JavaScript peers share: constants, the inverse error function, timing batches, warm-up, timing, the parity check. */

import * as formula from "./formula.mjs";

export const BETA1 = 0.9;
export const BETA2 = 0.999;
export const ADAM_EPSILON = 1e-8;
export const NORM_EPSILON = 1e-6;
export const LOG_STD_MIN = -8;
export const LOG_STD_MAX = 0;
export const EPSILON = 1e-6;
export const LOW = -1 + EPSILON;
export const HIGH = 1 - EPSILON;
export const LOG_PROB_LIMIT = 20;
export const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);
const ENTROPY_PER_DIM = 0.25;

/** ERA's k: what the softmax distributes over the log standard deviations, at most 0. */
export const budget = (act) => -act * (LOG_STD_MAX - ENTROPY_PER_DIM + HALF_LOG_2PI + 0.5);

/** The scalars that every update reports. */
export const INFO = ["criticLoss", "actorLoss", "q1", "q2", "entropy", "action"];

/**
 * Neither library has an inverse error function. Coefficients of M. Giles, "Approximating the erfinv function" (2010), highest power
 * first: erfinv(x) = x·central(w − 2.5) for w = −log(1 − x²) < 5, else x·tail(√w − 3). XLA uses the same ones.
 */
export const ERFINV_CENTRAL = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
  0.246640727, 1.50140941,
];
export const ERFINV_TAIL = [
  -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
  1.00167406, 2.83297682,
];

const WARM_UP_UPDATES = 3;
const BATCHES = 8;

function settingsOf(config) {
  const defaults = { learningRate: 3e-4, weightDecay: 1e-4, tau: 0.005, discount: 0.99 };
  const settings = { ...defaults, ...config };
  for (const name of ["width", "obs", "act", "batch"]) {
    if (!Number.isInteger(settings[name]) || settings[name] < 1) {
      throw new Error(`${name} must be a positive integer, not ${settings[name]}`);
    }
  }
  return settings;
}

/** Host memory for one timed update, as from a replay buffer: standard normal observations and rewards, no episode ends. */
function randomBatch({ obs, act, batch }) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  const fill = (shape, value) => ({
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)).map(value),
  });
  return {
    observations: fill([batch, obs], normal),
    actions: fill([batch, act], () => Math.tanh(normal())),
    rewards: fill([batch], normal),
    masks: fill([batch], () => 1),
    nextObservations: fill([batch, obs], normal),
  };
}

/** Both libraries' own generators are slower than the host's: fresh uniforms are drawn here, in the timed part. */
function withUniforms(batch) {
  const { shape, data } = batch.actions;
  const draw = () => ({ shape, data: new Float32Array(data.length).map(Math.random) });
  return { ...batch, nextUniforms: draw(), uniforms: draw() };
}

/**
 * Builds and warms up the timed learner; returns the seconds that took and the protocol's handlers.
 *
 * `make(settings, groups)` gives a learner: `update(batch)` does one update and resolves to INFO's scalars, materialized; `norms()` resolves to the L2 norms of `actor`, `critic` and `target`.
 */
export async function handlers(make, config) {
  const build = (settings) => make(settings, formula.parameters(settings.width, settings.obs, settings.act));
  const settings = settingsOf(config);
  const begin = performance.now();
  const learner = await build(settings);
  const batches = Array.from({ length: BATCHES }, () => randomBatch(settings));
  let updates = 0;
  const next = () => batches[updates++ % BATCHES];
  for (let i = 0; i < WARM_UP_UPDATES; i++) await learner.update(withUniforms(next()));
  const compileSeconds = (performance.now() - begin) / 1000;

  async function run(count) {
    const milliseconds = [];
    for (let i = 0; i < count; i++) {
      const batch = next();
      const begin = performance.now();
      await learner.update(withUniforms(batch));
      milliseconds.push(performance.now() - begin);
    }
    return { milliseconds };
  }

  async function check({ updates = 3, ...sizes }) {
    const settings = settingsOf(sizes);
    const learner = await build(settings);
    const infos = [];
    for (let i = 0; i < updates; i++) {
      infos.push(await learner.update(formula.batch(i, settings.obs, settings.act, settings.batch)));
    }
    const losses = Object.fromEntries(INFO.map((name, i) => [name, infos.map((info) => info[i])]));
    return { check: { ...losses, norms: await learner.norms() } };
  }

  return { compileSeconds, handlers: { run, check } };
}
