/**
 * The parity check of every installed peer against the answers stored in parity.json (JAX's). `node parity.mjs`; with
 * `--write`, parity.json is made anew from the JAX peer. Exits with 1 where a peer deviates.
 */

import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const TOLERANCE = 1e-4;
const STORED = new URL("parity.json", import.meta.url);
const PYTHON = "python/.venv/bin/python";
const small = { width: 32, obs: 5, act: 3, batch: 16 };

const CHECKS = {
  "official settings": { ...small, updates: 3 },
  "large steps, decay and target rate": { ...small, updates: 5, learningRate: 0.003, weightDecay: 1, tau: 0.1 },
  "the size that is timed": { width: 256, obs: 51, act: 19, batch: 256, updates: 3 },
};

const PEERS = {
  jax: [PYTHON, "python/jax_sac.py", {}],
  "torch-eager": [PYTHON, "python/torch_sac.py", { mode: "eager" }],
  "torch-compile": [PYTHON, "python/torch_sac.py", { mode: "compile" }],
  "jax-js": ["node", "javascript/jax-js.mjs", {}],
  "jax-js-plain": ["node", "javascript/jax-js.mjs", { plain: true }],
  tfjs: ["node", "javascript/tfjs.mjs", {}],
  "tfjs-plain": ["node", "javascript/tfjs.mjs", { plain: true }],
};

/** The peer's answers to all checks. */
async function ask([program, script, options]) {
  const peer = spawn(program, [script, JSON.stringify({ ...small, threads: 2, ...options })], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    stdio: ["pipe", "pipe", "ignore"],
  });
  const answers = {};
  const names = Object.keys(CHECKS);
  for await (const line of createInterface({ input: peer.stdout })) {
    const message = JSON.parse(line);
    if (message.error) throw new Error(message.error);
    if (message.check) answers[names[Object.keys(answers).length]] = message.check;
    const next = names[Object.keys(answers).length];
    peer.stdin.write(`${JSON.stringify(next ? { check: CHECKS[next] } : { quit: true })}\n`);
  }
  return answers;
}

/** Every number of an answer, with the path that leads to it. */
const numbers = (value, path = "") =>
  typeof value === "number"
    ? [[path, value]]
    : Object.entries(value).flatMap(([key, v]) => numbers(v, `${path}.${key}`));

/**
 * The largest deviation, relative to the number where that is above 1. The entropy is a sum over the action's dimensions and counts
 * per dimension: jax-js's logarithm is right to 1e-5 only, always to the same side.
 */
function deviation(answer, expected, dimensions) {
  const given = new Map(numbers(answer));
  const deviations = numbers(expected).map(([path, right]) => {
    const terms = path.startsWith(".entropy") ? dimensions : 1;
    const value = Math.abs((given.get(path) ?? Number.NaN) - right) / Math.max(1, Math.abs(right)) / terms;
    return [path, Number.isNaN(value) ? Number.POSITIVE_INFINITY : value];
  });
  return deviations.reduce((worst, one) => (one[1] <= worst[1] ? worst : one));
}

if (process.argv.includes("--write")) {
  const answers = await ask(PEERS.jax);
  const checks = Object.entries(CHECKS).map(([name, request]) => ({ name, request, answer: answers[name] }));
  writeFileSync(STORED, `${JSON.stringify(checks, null, 2)}\n`);
}

const stored = JSON.parse(readFileSync(STORED, "utf8"));
for (const [name, command] of Object.entries(PEERS)) {
  const installed = command[0] === PYTHON ? PYTHON : "javascript/node_modules";
  if (!existsSync(new URL(installed, import.meta.url))) {
    console.log(`${name}: not installed (see README.md)`);
    continue;
  }
  const answers = await ask(command);
  for (const { name: check, request, answer } of stored) {
    const [path, worst] = deviation(answers[check] ?? {}, answer, request.act);
    const agrees = worst <= TOLERANCE;
    if (!agrees) process.exitCode = 1;
    console.log(
      `${name}: ${check}: ${agrees ? "agrees" : "DEVIATES"}, at most ${worst.toExponential(1)} (${path.slice(1)})`,
    );
  }
}
