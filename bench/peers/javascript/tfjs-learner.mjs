/** SAC-ERA's update in TensorFlow.js, eager: its wasm backend has no graph compiler. */

import * as tf from "@tensorflow/tfjs";
import * as sac from "./sac.mjs";

/**
 * x·W. The library's own gradient asks its kernel for transposed operands, which take a scalar path some ten times slower than the
 * SIMD one; transposing first avoids it.
 */
const tunedMatMul = tf.customGrad((x, weight, save) => {
  save([x, weight]);
  return {
    value: tf.matMul(x, weight),
    gradFunc: (dy, [x, weight]) => [tf.matMul(dy, tf.transpose(weight)), tf.matMul(tf.transpose(x), dy)],
  };
});

let matMul = tunedMatMul;

/** From here on, everything is as one writes it first, without the detour above. */
export function usePlainForms() {
  matMul = (x, weight) => tf.matMul(x, weight);
}

const dense = (params, name, x) => tf.add(matMul(x, params[`${name}.weight`]), params[`${name}.bias`]);

function norm(params, name, x) {
  const centered = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centered), -1, true);
  const standardized = tf.mul(centered, tf.rsqrt(tf.add(variance, sac.NORM_EPSILON)));
  return tf.add(tf.mul(standardized, params[`${name}.scale`]), params[`${name}.bias`]);
}

function critic(params, observations, actions) {
  let x = tf.concat([observations, actions], -1);
  x = tf.elu(norm(params, "norm1", dense(params, "dense1", x)));
  x = tf.elu(norm(params, "norm2", dense(params, "dense2", x)));
  return tf.squeeze(dense(params, "out", x), [-1]);
}

const critics = (params, observations, actions) => params.map((one) => critic(one, observations, actions));

function policy(params, observations) {
  let x = tf.elu(dense(params, "dense1", observations));
  x = tf.elu(dense(params, "dense2", x));
  const raw = dense(params, "logStd", x);
  const logStds = tf.add(tf.mul(tf.softmax(raw), sac.budget(raw.shape[1])), sac.LOG_STD_MAX);
  return { means: dense(params, "mean", x), logStds: tf.clipByValue(logStds, sac.LOG_STD_MIN, sac.LOG_STD_MAX) };
}

const cdf = (x) => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);

function polynomial(coefficients, w) {
  return coefficients
    .slice(2)
    .reduce((sum, c) => tf.add(tf.mul(sum, w), c), tf.add(tf.mul(w, coefficients[0]), coefficients[1]));
}

const erfinv = tf.customGrad((x, save) => {
  const w = tf.neg(tf.log1p(tf.neg(tf.square(x))));
  const central = polynomial(sac.ERFINV_CENTRAL, tf.sub(w, 2.5));
  const tail = polynomial(sac.ERFINV_TAIL, tf.sub(tf.sqrt(w), 3));
  const value = tf.mul(tf.where(tf.less(w, 5), central, tail), x);
  save([value]);
  return { value, gradFunc: (dy, [value]) => tf.mul(dy, tf.mul(tf.exp(tf.square(value)), Math.sqrt(Math.PI) / 2)) };
});

function sample({ means, logStds }, uniforms) {
  const loc = tf.clipByValue(tf.tanh(means), sac.LOW, sac.HIGH);
  const scale = tf.maximum(tf.exp(logStds), sac.EPSILON);
  const alpha = cdf(tf.div(tf.sub(sac.LOW, loc), scale));
  const beta = cdf(tf.div(tf.sub(sac.HIGH, loc), scale));
  const mass = tf.maximum(tf.sub(beta, alpha), sac.EPSILON);
  const p = tf.add(alpha, tf.mul(mass, tf.clipByValue(uniforms, sac.EPSILON, 1 - sac.EPSILON)));
  const clipped = tf.clipByValue(p, sac.EPSILON, 1 - sac.EPSILON);
  const z = tf.mul(erfinv(tf.sub(tf.mul(clipped, 2), 1)), Math.SQRT2);
  const actions = tf.clipByValue(tf.add(loc, tf.mul(scale, z)), sac.LOW + sac.EPSILON, sac.HIGH - sac.EPSILON);
  return { actions, loc, scale, mass };
}

function entropy({ actions, loc, scale, mass }) {
  const z = tf.div(tf.sub(actions, loc), scale);
  const logPdf = tf.sub(tf.mul(tf.square(z), -0.5), sac.HALF_LOG_2PI);
  const logProbs = tf.sub(tf.sub(logPdf, tf.log(scale)), tf.log(mass));
  return tf.neg(tf.mean(tf.sum(tf.clipByValue(logProbs, -sac.LOG_PROB_LIMIT, sac.LOG_PROB_LIMIT), -1)));
}

/** The loss and gradients of `loss(record)`, and what it passed to `record`, which stays out of the gradient. */
function differentiate(loss, variables) {
  let recorded;
  const { value, grads } = tf.variableGrads(
    () =>
      loss((values) => {
        recorded = values.map((value) => tf.keep(value.clone()));
      }),
    variables,
  );
  return { value, gradients: variables.map((variable) => grads[variable.name]), recorded };
}

class Adam {
  #first;
  #second;
  #steps = 0;

  constructor(variables, learningRate, weightDecay) {
    this.variables = variables;
    this.learningRate = learningRate;
    this.weightDecay = weightDecay;
    this.#first = variables.map((variable) => tf.variable(tf.zerosLike(variable), false));
    this.#second = variables.map((variable) => tf.variable(tf.zerosLike(variable), false));
  }

  descend(gradients) {
    this.#steps++;
    const rate = this.learningRate / (1 - sac.BETA1 ** this.#steps);
    const secondScale = 1 / (1 - sac.BETA2 ** this.#steps);
    for (const [i, variable] of this.variables.entries()) {
      const first = tf.add(tf.mul(this.#first[i], sac.BETA1), tf.mul(gradients[i], 1 - sac.BETA1));
      const second = tf.add(tf.mul(this.#second[i], sac.BETA2), tf.mul(tf.square(gradients[i]), 1 - sac.BETA2));
      const step = tf.div(tf.mul(first, rate), tf.add(tf.sqrt(tf.mul(second, secondScale)), sac.ADAM_EPSILON));
      this.#first[i].assign(first);
      this.#second[i].assign(second);
      const kept = this.weightDecay ? tf.mul(variable, 1 - this.learningRate * this.weightDecay) : variable;
      variable.assign(tf.sub(kept, step));
    }
  }
}

/** A learner for `sac.handlers`. */
export function makeLearner(settings, groups) {
  const variables = Object.fromEntries(
    Object.entries(groups).map(([group, tensors]) => [
      group,
      Object.fromEntries(
        Object.entries(tensors).map(([name, { shape, data }]) => [name, tf.variable(tf.tensor(data, shape))]),
      ),
    ]),
  );
  const { actor, critic1, critic2, target1, target2 } = variables;
  const online = [critic1, critic2];
  const targets = [target1, target2];
  const actorVariables = Object.values(actor);
  const criticVariables = online.flatMap((params) => Object.values(params));
  const targetVariables = targets.flatMap((params) => Object.values(params));
  const actorOptimizer = new Adam(actorVariables, settings.learningRate, 0);
  const criticOptimizer = new Adam(criticVariables, settings.learningRate, settings.weightDecay);

  function step(batch) {
    const next = sample(policy(actor, batch.nextObservations), batch.nextUniforms);
    const nextQ = tf.minimum(...critics(targets, batch.nextObservations, next.actions));
    const target = tf.add(batch.rewards, tf.mul(tf.mul(batch.masks, settings.discount), nextQ));

    const forCritics = differentiate((record) => {
      const [q1, q2] = critics(online, batch.observations, batch.actions);
      record([tf.mean(q1), tf.mean(q2)]);
      return tf.mean(tf.add(tf.square(tf.sub(q1, target)), tf.square(tf.sub(q2, target))));
    }, criticVariables);
    criticOptimizer.descend(forCritics.gradients);

    for (const [i, variable] of targetVariables.entries()) {
      variable.assign(tf.add(tf.mul(criticVariables[i], settings.tau), tf.mul(variable, 1 - settings.tau)));
    }

    const forActor = differentiate((record) => {
      const sampled = sample(policy(actor, batch.observations), batch.uniforms);
      record([entropy(sampled), tf.mean(tf.abs(sampled.actions))]);
      return tf.neg(tf.mean(tf.minimum(...critics(online, batch.observations, sampled.actions))));
    }, actorVariables);
    actorOptimizer.descend(forActor.gradients);

    const kept = [...forCritics.recorded, ...forActor.recorded];
    const info = [forCritics.value, forActor.value, ...kept].map((scalar) => scalar.dataSync()[0]);
    tf.dispose(kept);
    return info;
  }

  const update = (batch) =>
    tf.tidy(() =>
      step(Object.fromEntries(Object.entries(batch).map(([name, { shape, data }]) => [name, tf.tensor(data, shape)]))),
    );

  const norm = (variables) =>
    Math.sqrt(variables.reduce((sum, variable) => sum + tf.tidy(() => tf.sum(tf.square(variable)).dataSync()[0]), 0));
  const norms = () => ({ actor: norm(actorVariables), critic: norm(criticVariables), target: norm(targetVariables) });

  return { update, norms };
}
