/** Text from a GGUF file by llama.cpp (node-llama-cpp's prebuilt binaries) on the CPU, weights as quantized in the file. */
import { readFileSync } from "node:fs";
import { serve } from "../javascript/peer.mjs";

await serve(async ({ model: path, batch, prompt, tokens, threads }) => {
  const { getLlama } = await import("node-llama-cpp");
  const begin = performance.now();
  const llama = await getLlama({
    gpu: false,
    build: "never",
    skipDownload: true,
    progressLogs: false,
    logLevel: "error",
    maxThreads: threads,
  });
  const model = await llama.loadModel({ modelPath: path });
  const context = await model.createContext({
    contextSize: prompt + tokens,
    sequences: batch,
    threads,
    batchSize: batch * prompt,
  });
  const sequences = Array.from({ length: batch }, () => context.getSequence());
  const size = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
  const randomToken = () => Math.floor(Math.random() * size);

  /** Every sequence from its first token to its last; `mark` is called when each has its first new one. */
  async function generate(count, mark = () => {}) {
    let firsts = batch;
    await Promise.all(
      sequences.map(async (sequence) => {
        await sequence.clearHistory();
        const given = Array.from({ length: prompt }, randomToken);
        let made = 0;
        const options = { temperature: 1, topK: 0, topP: 1, minP: 0, yieldEogToken: true };
        for await (const _ of sequence.evaluate(given, options)) {
          if (made++ === 0 && --firsts === 0) mark();
          if (made === count) break;
        }
      }),
    );
  }
  await generate(Math.min(tokens, 4));
  const compileSeconds = (performance.now() - begin) / 1000;

  async function run(repetitions) {
    const times = { milliseconds: [], cpuMilliseconds: [], firstPartMilliseconds: [], firstPartCpuMilliseconds: [] };
    for (let i = 0; i < repetitions; i++) {
      const [start, used] = [performance.now(), process.cpuUsage()];
      const note = (wall, cpu) => {
        const { user, system } = process.cpuUsage(used);
        times[wall].push(performance.now() - start);
        times[cpu].push((user + system) / 1000);
      };
      await generate(tokens, () => note("firstPartMilliseconds", "firstPartCpuMilliseconds"));
      note("milliseconds", "cpuMilliseconds");
    }
    return times;
  }

  const { dependencies } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
  const type = path.match(/\.(Q\w+|F\d+|BF16)\.gguf$/i)?.[1] ?? "GGUF";
  return {
    ready: { name: "llama.cpp", version: `node-llama-cpp ${dependencies["node-llama-cpp"]}, ${type}`, compileSeconds },
    handlers: { run },
  };
});
