import { measureLanguageStep } from "./languageMemoryBench.ts";

console.log(JSON.stringify(await measureLanguageStep(JSON.parse(process.argv[2] ?? "{}"))));
