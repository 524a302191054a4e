/**
 * Writes a suite's manifest, the hashes of its model files, from a folder that holds the originals and nothing else beside licences:
 *
 *   node makeManifest.mjs <folder> dm_control    "dm_control 1.0.47"                               > ../src/env/suites/dmControlManifest.ts
 *   node makeManifest.mjs <folder> humanoid_bench "humanoid-bench 791405f (May 2025)" > ../src/env/suites/humanoidBenchManifest.ts
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, sep } from "node:path";

const [folder, name, source] = process.argv.slice(2);
const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => statSync(join(folder, path)).isFile() && !/(^|\/)(LICENSE|README\.md)$/.test(path))
  .map((path) => path.split(sep).join("/"))
  .sort();
const key = (path) => (/^[a-zA-Z_$][\w$]*$/.test(path) ? path : JSON.stringify(path));
console.log(`/** The model files of ${source} with their SHA-256. Written by scripts/makeManifest.mjs. */
export const ${name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())}Manifest: Readonly<Record<string, string>> = {`);
for (const path of files) {
  const hash = createHash("sha256")
    .update(readFileSync(join(folder, path)))
    .digest("hex");
  const line = `  ${key(path)}: "${hash}",`;
  console.log(line.length > 120 ? `  ${key(path)}:\n    "${hash}",` : line);
}
console.log("};");
