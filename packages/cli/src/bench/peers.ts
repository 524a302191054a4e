/** Where the competitors are, and their installation. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FailureError } from "@era/lab";
import type { PeerCommand } from "./peer.ts";

const here = dirname(fileURLToPath(import.meta.url));
const peersFolder = join(here, "../../../../bench/peers");
const python = join(peersFolder, "python/.venv/bin/python");

/** Installs what the competitors need, where it is missing; says what it does on standard error. A failure leaves their columns empty. */
export function setUpPeers({ javascript, llama = false }: { javascript: boolean; llama?: boolean }): void {
  if (!existsSync(peersFolder))
    throw new FailureError("era bench compares with bench/peers of a checkout of the project, which is not here");
  const run = (what: string, command: string, args: string[], cwd: string) => {
    process.stderr.write(`setting up ${what}\n`);
    const { status } = spawnSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
    if (status !== 0) process.stderr.write(`${what}: the set-up failed; its columns stay empty\n`);
  };
  run("the Python peers (bench/peers/python/.venv)", "sh", ["setup.sh"], join(peersFolder, "python"));
  const install = (what: string, folder: string, args: readonly string[]) => {
    if (!existsSync(join(folder, "node_modules"))) run(what, "npm", [...args, "--silent"], folder);
  };
  if (javascript) install("the JavaScript peers", join(peersFolder, "javascript"), ["ci"]);
  // Its binaries are optional packages, one for each kind of machine. A lock file names only those that its author's registry had, and `npm ci`
  // refuses it elsewhere; the version itself is pinned in package.json.
  const unlocked = ["install", "--no-package-lock", "--ignore-scripts"];
  if (llama) install("llama.cpp (node-llama-cpp's prebuilt binaries)", join(peersFolder, "llama"), unlocked);
}

/** Sizes of one SAC update. */
export interface UpdateSize {
  readonly width: number;
  readonly obs: number;
  readonly act: number;
  readonly batch: number;
  readonly threads: number;
}

/** Threads for every competitor: the machine's cores. */
export const defaultThreads = availableParallelism();

/** This project first, then all others, for the update benchmark. */
export function updatePeers(size: UpdateSize): PeerCommand[] {
  const config = (extra: object = {}) => JSON.stringify({ ...size, ...extra });
  const script = (name: string) => join(peersFolder, "python", name);
  const javascript = (name: string) => join(peersFolder, "javascript", name);
  return [
    { name: "era", command: process.execPath, args: [join(here, "eraPeerMain.js"), config()] },
    { name: "torch-eager", command: python, args: [script("torch_sac.py"), config({ mode: "eager" })] },
    { name: "torch-compile", command: python, args: [script("torch_sac.py"), config({ mode: "compile" })] },
    { name: "jax", command: python, args: [script("jax_sac.py"), config()] },
    { name: "jax-js", command: process.execPath, args: [javascript("jax-js.mjs"), config()] },
    { name: "jax-js-plain", command: process.execPath, args: [javascript("jax-js.mjs"), config({ plain: true })] },
    { name: "tfjs", command: process.execPath, args: [javascript("tfjs.mjs"), config()] },
    { name: "tfjs-plain", command: process.execPath, args: [javascript("tfjs.mjs"), config({ plain: true })] },
  ];
}

/** This project's update alone, with a given head. */
export const headPeer = (size: UpdateSize, head: "era" | "clamped"): PeerCommand => ({
  name: head,
  command: process.execPath,
  args: [join(here, "eraPeerMain.js"), JSON.stringify({ ...size, head })],
});

/** Sizes of one training step of a classifier. */
export interface ClassifierSize {
  /** A network by its name in `era train classifier`. */
  readonly model: string;
  readonly batch: number;
  /** Height and width of the images, of three channels. */
  readonly imageSize: number;
  readonly classes: number;
  readonly threads: number;
}

/** This project's training step of a classifier, with a given head. */
export const classifierPeer = (size: ClassifierSize, head: "plain" | "era"): PeerCommand => ({
  name: head === "plain" ? "era" : "era-head",
  command: process.execPath,
  args: [join(here, "classifierPeerMain.js"), JSON.stringify({ ...size, head })],
});

/** The same step in PyTorch: eager and compiled, in both memory layouts. */
export function torchClassifierPeers(size: ClassifierSize): PeerCommand[] {
  const script = join(peersFolder, "python/torch_classifier.py");
  return ["eager", "compile"].flatMap((mode) =>
    ["nchw", "nhwc"].map((layout) => ({
      name: `torch-${mode}-${layout}`,
      command: python,
      args: [script, JSON.stringify({ ...size, mode, layout })],
    })),
  );
}

/** Sizes of generation: prompts of random tokens, all read at once, and new tokens of each. */
export interface GenerationSize {
  /** A folder in Hugging Face's format. */
  readonly model: string;
  readonly batch: number;
  /** Tokens of each prompt. */
  readonly prompt: number;
  /** New tokens of each row. */
  readonly tokens: number;
  readonly threads: number;
}

/** Sizes of one step of GRPO. */
export interface GrpoSize extends Omit<GenerationSize, "batch"> {
  readonly prompts: number;
  /** Responses to each prompt. */
  readonly responses: number;
  /** Rows that go through the update at once. */
  readonly rows: number;
}

const languagePeer = (name: string, config: object): PeerCommand => ({
  name,
  command: process.execPath,
  args: [join(here, "languagePeerMain.js"), JSON.stringify(config)],
});

const pythonPeer = (name: string, script: string, config: object): PeerCommand => ({
  name,
  command: python,
  args: [join(peersFolder, "python", script), JSON.stringify(config)],
});

/** This project's generation, transformers', and llama.cpp's where there is a GGUF file. */
export const generationPeers = (size: GenerationSize, gguf: string | undefined): PeerCommand[] => [
  languagePeer("era", size),
  pythonPeer("transformers", "torch_language.py", size),
  ...(gguf === undefined
    ? []
    : [
        {
          name: "llama.cpp",
          command: process.execPath,
          args: [join(peersFolder, "llama/llama.mjs"), JSON.stringify({ ...size, model: gguf })],
        },
      ]),
];

/** This project's step of GRPO, without and with ERA, and plain PyTorch's. */
export const grpoPeers = (size: GrpoSize): PeerCommand[] => [
  languagePeer("era", { ...size, method: "none" }),
  languagePeer("era-with-era", { ...size, method: "era" }),
  pythonPeer("torch", "language_grpo.py", size),
];

/** Python Gymnasium stepping an environment. */
export function gymnasiumPeer(env: string): PeerCommand {
  return {
    name: "gymnasium",
    command: python,
    args: [join(peersFolder, "python/gymnasium_env.py"), JSON.stringify({ env })],
  };
}

/** A Python peer that trains as its flags say and prints one JSON line. */
export function trainingPeer(script: string): Omit<PeerCommand, "name"> {
  return { command: python, args: [join(peersFolder, "python", script)] };
}
