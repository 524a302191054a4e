/** This project as one of the bench's competitors: the protocol of bench/peers/README.md on standard input and output. */
import { clampedHead, eraHead, initialActor, initialCritics, sacGraph } from "@era/control";
import { compile, Random } from "@era/tensor";
import { checkBatch, checkNetworks, norm2 } from "./peerFormula.ts";
import { serve } from "./peerServer.ts";

interface UpdateConfig {
  readonly width: number;
  readonly obs: number;
  readonly act: number;
  readonly batch: number;
  readonly threads: number;
  readonly head?: "era" | "clamped";
  /** File prefix for ONNX Runtime's profile. */
  readonly profile?: string;
}

interface CheckRequest {
  readonly width: number;
  readonly obs: number;
  readonly act: number;
  readonly batch: number;
  readonly updates: number;
  readonly learningRate?: number;
  readonly weightDecay?: number;
  readonly tau?: number;
  readonly discount?: number;
}

const eraOf = (act: number) => eraHead({ actionDim: act, entropy: { perDim: 0.25, of: "gaussian" } });

/** The official SAC-ERA update at the given sizes, ready to run on random data. */
export async function benchUpdate({ width, obs, act, batch, threads, head = "era", profile }: UpdateConfig) {
  const sizes = { observationSize: obs, actionSize: act, hidden: [width, width] };
  const random = new Random(1);
  const initial = { actor: initialActor(random, sizes), critics: initialCritics(random, sizes) };
  const started = performance.now();
  const graph = sacGraph(
    sizes,
    head === "era" ? eraOf(act) : clampedHead({ logStdMin: -8, logStdMax: 0 }),
    {
      batchSize: batch,
      discount: 0.99,
      tau: 0.005,
      actorLearningRate: 3e-4,
      criticLearningRate: 3e-4,
      criticWeightDecay: 1e-4,
    },
    initial,
  );
  const program = await compile(graph.update, { threads, ...(profile !== undefined && { profile }) });
  const feeds = {
    observations: random.fillNormal(new Float32Array(batch * obs)),
    actions: random.fillUniform(new Float32Array(batch * act)),
    rewards: random.fillUniform(new Float32Array(batch)),
    masks: new Float32Array(batch).fill(1),
    nextObservations: random.fillNormal(new Float32Array(batch * obs)),
    nextNoise: new Float32Array(batch * act),
    noise: new Float32Array(batch * act),
  };
  /** One update; its noise is drawn within the time, as training does. */
  const update = async (): Promise<void> => {
    random.fillUniform(feeds.nextNoise);
    random.fillUniform(feeds.noise);
    await program.run(feeds);
  };
  await update();
  return { update, program, compileSeconds: (performance.now() - started) / 1000 };
}

/** The parity check: losses of each update and the parameters' norms after the last. */
export async function checkUpdate(request: CheckRequest) {
  const {
    width,
    obs,
    act,
    batch,
    updates,
    learningRate = 3e-4,
    weightDecay = 1e-4,
    tau = 0.005,
    discount = 0.99,
  } = request;
  const sizes = { observationSize: obs, actionSize: act, hidden: [width, width] };
  const hyperparameters = {
    batchSize: batch,
    discount,
    tau,
    actorLearningRate: learningRate,
    criticLearningRate: learningRate,
    criticWeightDecay: weightDecay,
  };
  const { state, update } = sacGraph(sizes, eraOf(act), hyperparameters, checkNetworks({ width, obs, act, batch }));
  const program = await compile(update);
  const criticLoss: number[] = [];
  const actorLoss: number[] = [];
  for (let j = 0; j < updates; j++) {
    const outputs = await program.run(checkBatch({ width, obs, act, batch }, j));
    criticLoss.push(Number(outputs["loss/critic"]?.[0]));
    actorLoss.push(Number(outputs["loss/actor"]?.[0]));
  }
  const arrays = Object.entries(state.arrays());
  const norm = (group: string) =>
    Math.hypot(
      ...arrays
        .filter(([name]) => name.startsWith(`${group}.`) && !name.includes(".adam."))
        .map(([, a]) => norm2(a.data)),
    );
  return { criticLoss, actorLoss, norms: { actor: norm("actor"), critic: norm("critics"), target: norm("targets") } };
}

/** Serves the protocol until standard input ends. */
export async function servePeer(config: UpdateConfig): Promise<void> {
  const { update, program, compileSeconds } = await benchUpdate(config);
  const check = (request: unknown) => checkUpdate(request as CheckRequest);
  await serve({ name: "era", compileSeconds, nodes: program.nodeCount }, { repeat: update, check });
}
