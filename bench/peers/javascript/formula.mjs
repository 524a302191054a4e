/** The parity check's numbers: parameters, batches, uniforms made by a formula (../README.md), the same in every peer. */

const BATCH_STREAM = 100;

/** The hashed number in (0, 1) with index `i` of a stream, in double precision. */
function uniform(stream, i) {
  let x = (Math.imul(stream, 0x9e3779b9) + i) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  x = (x ^ (x >>> 16)) >>> 0;
  return (x + 0.5) / 2 ** 32;
}

const signed = (stream, i) => 2 * uniform(stream, i) - 1;

function fill(shape, value) {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  return { shape, data: data.map((_, i) => value(i)) };
}

function tensor(name, stream, shape) {
  const kind = name.split(".")[1];
  if (kind === "weight") return fill(shape, (i) => Math.sqrt(3 / shape[0]) * signed(stream, i));
  if (kind === "scale") return fill(shape, (i) => 1 + 0.1 * signed(stream, i));
  return fill(shape, (i) => 0.1 * signed(stream, i));
}

function tensors(shapes, firstStream) {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => [name, tensor(name, firstStream + i, shape)]),
  );
}

/** Groups actor, critic1, critic2, target1, target2 of `{ shape, data }`; matrices are [in, out]. */
export function parameters(width, obs, act) {
  const actor = {
    "dense1.weight": [obs, width],
    "dense1.bias": [width],
    "dense2.weight": [width, width],
    "dense2.bias": [width],
    "mean.weight": [width, act],
    "mean.bias": [act],
    "logStd.weight": [width, act],
    "logStd.bias": [act],
  };
  const critic = {
    "dense1.weight": [obs + act, width],
    "dense1.bias": [width],
    "norm1.scale": [width],
    "norm1.bias": [width],
    "dense2.weight": [width, width],
    "dense2.bias": [width],
    "norm2.scale": [width],
    "norm2.bias": [width],
    "out.weight": [width, 1],
    "out.bias": [1],
  };
  return {
    actor: tensors(actor, 0),
    critic1: tensors(critic, 10),
    critic2: tensors(critic, 20),
    target1: tensors(critic, 30),
    target2: tensors(critic, 40),
  };
}

/** Batch and uniforms of one update, `{ shape, data }` each. */
export function batch(update, obs, act, size) {
  const stream = BATCH_STREAM + 10 * update;
  return {
    observations: fill([size, obs], (i) => Math.sqrt(3) * signed(stream, i)),
    actions: fill([size, act], (i) => signed(stream + 1, i)),
    rewards: fill([size], (i) => uniform(stream + 2, i)),
    masks: fill([size], (i) => (uniform(stream + 3, i) < 0.1 ? 0 : 1)),
    nextObservations: fill([size, obs], (i) => Math.sqrt(3) * signed(stream + 4, i)),
    nextUniforms: fill([size, act], (i) => uniform(stream + 5, i)),
    uniforms: fill([size, act], (i) => uniform(stream + 6, i)),
  };
}
