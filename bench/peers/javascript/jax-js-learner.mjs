/**
 * SAC-ERA's update in @jax-js/jax, jitted as a whole.
 *
 * jax-js counts references: a value given to a function is consumed unless `.ref` is taken. Inside the traced function every use
 * takes `.ref` and nothing is released, which costs only trace-time bookkeeping: the function is traced once a shape.
 */

import { blockUntilReady, grad, jit, lax, nn, numpy as np, scipySpecial, tree } from "@jax-js/jax";
import * as sac from "./sac.mjs";

const dense = (params, name, x) => np.matmul(x.ref, params[`${name}.weight`].ref).add(params[`${name}.bias`].ref);

/** nn.standardize takes the variance as E[x²] − E[x]², whose gradient jax-js fuses badly: more than half of the whole update. */
function tunedNorm(params, name, x) {
  const centered = x.ref.sub(x.ref.mean(-1, { keepdims: true }));
  const variance = np.square(centered.ref).mean(-1, { keepdims: true });
  const scale = np.reciprocal(np.sqrt(variance.add(sac.NORM_EPSILON)));
  return centered.mul(scale).mul(params[`${name}.scale`].ref).add(params[`${name}.bias`].ref);
}

function plainNorm(params, name, x) {
  const standardized = nn.standardize(x.ref, -1, { epsilon: sac.NORM_EPSILON });
  return standardized.mul(params[`${name}.scale`].ref).add(params[`${name}.bias`].ref);
}

let norm = tunedNorm;

/** From here on, layer norm is the library's own, as one writes it first. */
export function usePlainForms() {
  norm = plainNorm;
}

function critic(params, observations, actions) {
  let x = np.concatenate([observations.ref, actions.ref], -1);
  x = nn.elu(norm(params, "norm1", dense(params, "dense1", x)));
  x = nn.elu(norm(params, "norm2", dense(params, "dense2", x)));
  return np.squeeze(dense(params, "out", x), -1);
}

const critics = (params, observations, actions) => params.map((one) => critic(one, observations, actions));

function policy(params, observations) {
  let x = nn.elu(dense(params, "dense1", observations));
  x = nn.elu(dense(params, "dense2", x));
  const raw = dense(params, "logStd", x);
  const logStds = nn.softmax(raw, -1).mul(sac.budget(raw.shape[1])).add(sac.LOG_STD_MAX);
  return { means: dense(params, "mean", x), logStds: np.clip(logStds, sac.LOG_STD_MIN, sac.LOG_STD_MAX) };
}

const cdf = (x) => scipySpecial.erf(x.mul(Math.SQRT1_2)).add(1).mul(0.5);

const polynomial = (coefficients, w) =>
  coefficients.slice(1).reduce((sum, c) => sum.mul(w.ref).add(c), np.multiply(w.ref, 0).add(coefficients[0]));

/**
 * jax-js fuses elementwise chains into one kernel and computes a value used n times n times over; a reduction ends a kernel, so a
 * sum over an axis of size 1 keeps a value that is used often.
 */
const materialized = (x) => x.reshape([...x.shape, 1]).sum(-1);

/** Its derivative is known, so only the value needs the polynomials. */
function erfinv(x) {
  const fixed = lax.stopGradient(x.ref);
  const w = materialized(np.log1p(np.square(fixed.ref).mul(-1)).mul(-1));
  const central = polynomial(sac.ERFINV_CENTRAL, w.ref.sub(2.5));
  const tail = polynomial(sac.ERFINV_TAIL, materialized(np.sqrt(w.ref)).sub(3));
  const value = materialized(np.where(np.less(w.ref, 5), central, tail).mul(fixed.ref));
  const slope = np.exp(np.square(value.ref)).mul(Math.sqrt(Math.PI) / 2);
  return value.add(slope.mul(x.ref.sub(fixed)));
}

function sample({ means, logStds }, uniforms) {
  const loc = np.clip(np.tanh(means), sac.LOW, sac.HIGH);
  const scale = np.maximum(np.exp(logStds), sac.EPSILON);
  const alpha = cdf(loc.ref.mul(-1).add(sac.LOW).div(scale.ref));
  const beta = cdf(loc.ref.mul(-1).add(sac.HIGH).div(scale.ref));
  const mass = np.maximum(beta.sub(alpha.ref), sac.EPSILON);
  const p = np
    .clip(uniforms.ref, sac.EPSILON, 1 - sac.EPSILON)
    .mul(mass.ref)
    .add(alpha.ref);
  const z = erfinv(
    np
      .clip(p, sac.EPSILON, 1 - sac.EPSILON)
      .mul(2)
      .sub(1),
  ).mul(Math.SQRT2);
  const actions = np.clip(z.mul(scale.ref).add(loc.ref), sac.LOW + sac.EPSILON, sac.HIGH - sac.EPSILON);
  return { actions, loc, scale, mass };
}

function entropy({ actions, loc, scale, mass }) {
  const z = lax.stopGradient(actions.ref.sub(loc.ref).div(scale.ref));
  const logProbs = np.square(z).mul(-0.5).sub(sac.HALF_LOG_2PI).sub(np.log(scale.ref)).sub(np.log(mass.ref));
  return np.clip(logProbs, -sac.LOG_PROB_LIMIT, sac.LOG_PROB_LIMIT).sum(-1).mean().mul(-1);
}

function adam(params, gradients, { first, second }, steps, learningRate, weightDecay) {
  const firstScale = np
    .exp(steps.ref.mul(Math.log(sac.BETA1)))
    .mul(-1)
    .add(1);
  const secondScale = np
    .exp(steps.ref.mul(Math.log(sac.BETA2)))
    .mul(-1)
    .add(1);
  first = tree.map((m, g) => m.ref.mul(sac.BETA1).add(g.ref.mul(1 - sac.BETA1)), first, gradients);
  second = tree.map((v, g) => v.ref.mul(sac.BETA2).add(np.square(g.ref).mul(1 - sac.BETA2)), second, gradients);
  const descend = (p, m, v) => {
    const step = m.ref.div(firstScale.ref).div(np.sqrt(v.ref.div(secondScale.ref)).add(sac.ADAM_EPSILON));
    return p.ref.sub(step.add(p.ref.mul(weightDecay)).mul(learningRate));
  };
  return [tree.map(descend, params, first, second), { first, second }];
}

/** The whole update, to be jitted: (state, batch with uniforms) → [state, scalars]. */
function updateOf({ learningRate, weightDecay, tau, discount }) {
  return (state, batch) => {
    const next = sample(policy(state.actor, batch.nextObservations), batch.nextUniforms);
    const nextQ = np.minimum(...critics(state.targets, batch.nextObservations, next.actions));
    const target = batch.rewards.ref.add(batch.masks.ref.mul(nextQ).mul(discount));
    const steps = state.steps.ref.add(1);

    const criticLoss = (params) => {
      const [q1, q2] = critics(params, batch.observations, batch.actions);
      const loss = np
        .square(q1.ref.sub(target.ref))
        .add(np.square(q2.ref.sub(target.ref)))
        .mean();
      return [loss.ref, [loss, q1.mean(), q2.mean()]];
    };
    const [criticGradients, [criticInfo, q1, q2]] = grad(criticLoss, { hasAux: true })(tree.ref(state.critics));
    const [online, criticOptimizer] = adam(
      state.critics,
      criticGradients,
      state.criticOptimizer,
      steps,
      learningRate,
      weightDecay,
    );
    const targets = tree.map((q, t) => q.ref.mul(tau).add(t.ref.mul(1 - tau)), online, state.targets);

    const actorLoss = (params) => {
      const sampled = sample(policy(params, batch.observations), batch.uniforms);
      const loss = np
        .minimum(...critics(online, batch.observations, sampled.actions))
        .mean()
        .mul(-1);
      return [loss.ref, [loss, entropy(sampled), np.abs(sampled.actions.ref).mean()]];
    };
    const [actorGradients, [actorInfo, entropyInfo, action]] = grad(actorLoss, { hasAux: true })(tree.ref(state.actor));
    const [actor, actorOptimizer] = adam(state.actor, actorGradients, state.actorOptimizer, steps, learningRate, 0);

    return [
      { actor, critics: online, targets, actorOptimizer, criticOptimizer, steps },
      [criticInfo, actorInfo, q1, q2, entropyInfo, action],
    ];
  };
}

const array = ({ shape, data }) => np.array(data).reshape(shape);

/** A learner for `sac.handlers`. */
export function makeLearner(settings, groups) {
  const arrays = Object.fromEntries(
    Object.entries(groups).map(([group, tensors]) => [
      group,
      Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, array(tensor)])),
    ]),
  );
  const zeros = (params) => tree.map((p) => np.zeros(p.shape), params);
  const moments = (params) => ({ first: zeros(params), second: zeros(params) });
  const critics = [arrays.critic1, arrays.critic2];
  let state = {
    actor: arrays.actor,
    critics,
    targets: [arrays.target1, arrays.target2],
    actorOptimizer: moments(arrays.actor),
    criticOptimizer: moments(critics),
    steps: np.array(0),
  };
  const step = jit(updateOf(settings));

  async function update(batch) {
    const inputs = Object.fromEntries(Object.entries(batch).map(([name, tensor]) => [name, array(tensor)]));
    const [next, info] = step(state, inputs);
    state = await blockUntilReady(next);
    return Promise.all(info.map(async (scalar) => (await scalar.data())[0]));
  }

  async function norm(params) {
    const squares = await Promise.all(tree.leaves(params).map((p) => np.square(p.ref).sum().data()));
    return Math.sqrt(squares.reduce((sum, [square]) => sum + square, 0));
  }

  const norms = async () => ({
    actor: await norm(state.actor),
    critic: await norm(state.critics),
    target: await norm(state.targets),
  });

  return { update, norms };
}
