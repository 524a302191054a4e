import { defineConfig } from "vitest/config";

// Tests run from the sources: the "era-source" export condition points every @era package at its src folder.
export default defineConfig({
  resolve: { conditions: ["era-source"] },
  ssr: { resolve: { conditions: ["era-source", "node", "import", "default"], externalConditions: ["era-source"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    server: { deps: { inline: [/@era\//] } },
  },
});
