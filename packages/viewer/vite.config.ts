import { defineConfig } from "vite";

// One script without imports, so that a page that holds it works from a file, without a network.
export default defineConfig({
  build: {
    outDir: "dist/bundle",
    lib: { entry: "src/main.ts", formats: ["iife"], name: "eraViewer", fileName: () => "viewer.js" },
  },
});
