/** For tests of worker threads, which Node can't run from TypeScript: bundles the thread's program from today's sources. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll } from "vitest";
import { useWorkerProgram } from "./copiesWorker.ts";

/** Has this file's tests make their worker threads from the sources. */
export function workersFromSources(): void {
  // Inside the project, so that the bundle finds the packages that it leaves out (MuJoCo loads its WebAssembly from beside itself).
  const project = join(import.meta.dirname, "../../../../..");
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(project, "node_modules", ".era-worker-"));
    const conditions = ["era-source", "node", "import", "default"];
    await build({
      configFile: false,
      logLevel: "error",
      resolve: { conditions },
      ssr: { noExternal: [/^@era\//], external: ["onnxruntime-node", "@mujoco/mujoco"], resolve: { conditions } },
      build: {
        ssr: join(import.meta.dirname, "workerMain.ts"),
        outDir: folder,
        target: "node20",
        rolldownOptions: { output: { entryFileNames: "workerMain.mjs" } },
      },
    });
    useWorkerProgram(pathToFileURL(join(folder, "workerMain.mjs")));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
}
