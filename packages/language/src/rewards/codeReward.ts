/**
 * A reward of programs that pass their tests. The program runs in a process of its own, with limits of time, memory and output and without this
 * process's environment. **That is no sandbox**: it has the rights of the user who runs this one, to files and network alike. Train and evaluate
 * with it only inside a container or machine that may be lost.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Reward } from "./reward.ts";

export interface CodeLimits {
  /** Seconds until the program is killed; 10 by default. */
  readonly seconds?: number;
  /** Mebibytes of memory: of the heap in JavaScript, of all addresses in Python; 512 by default. */
  readonly megabytes?: number;
}

type Language = "javascript" | "python";

/** What each language's fences are called. */
const fences: Readonly<Record<string, Language>> = {
  javascript: "javascript",
  js: "javascript",
  node: "javascript",
  python: "python",
  py: "python",
  python3: "python",
};

/** Output beyond it is not kept. */
const mostOutput = 2 ** 20;

/** The program in a response's last fenced block, and its language where the fence says it; undefined where there is no block. */
export function extractProgram(response: string): { source: string; language: Language | undefined } | undefined {
  const [, name = "", source] = [...response.matchAll(/```([\w+-]*)[^\n]*\n([\s\S]*?)```/g)].at(-1) ?? [];
  return source === undefined ? undefined : { source, language: fences[name.toLowerCase()] };
}

export interface ProgramEnd {
  /** undefined where it was killed, by time or by a limit. */
  readonly code: number | undefined;
  readonly output: string;
}

/**
 * Runs a program to its end, or kills it with all processes that it started in its group.
 * @param input what it reads from its standard input
 * @throws Error where the language's interpreter is not installed
 */
export async function runProgram(
  source: string,
  language: Language,
  { seconds = 10, megabytes = 512 }: CodeLimits = {},
  input = "",
): Promise<ProgramEnd> {
  const folder = mkdtempSync(join(tmpdir(), "era-code-"));
  try {
    const file = join(folder, language === "python" ? "program.py" : "program.mjs");
    writeFileSync(file, source);
    const [command, args] = invocation(language, file, megabytes);
    return await new Promise<ProgramEnd>((resolve, reject) => {
      // A group of its own, so that what the program starts dies with it.
      const child = spawn(command, args, { cwd: folder, env: {}, detached: true, stdio: ["pipe", "pipe", "ignore"] });
      let output = "";
      const kill = () => {
        try {
          // A process that could not be started has no id.
          if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        } catch {
          // It has ended by itself.
        }
      };
      const timer = setTimeout(kill, seconds * 1000);
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (output.length > mostOutput) kill();
      });
      child.once("error", reject);
      child.once("close", (code) => {
        clearTimeout(timer);
        kill();
        resolve({ code: code ?? undefined, output });
      });
      // A program that reads nothing may have ended before this arrives.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sets the limit from inside, before the program's first line. */
const pythonStart = `import resource, runpy, sys
limit = int(sys.argv[2]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.argv = sys.argv[1:2]
runpy.run_path(sys.argv[0], run_name="__main__")`;

function invocation(language: Language, file: string, megabytes: number): [string, string[]] {
  if (language === "javascript") return [process.execPath, [`--max-old-space-size=${megabytes}`, file]];
  const python = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "python3"))
    .find(existsSync);
  if (python === undefined) throw new Error("the code reward needs python3 to run Python; none is in the PATH");
  // -I: no environment, no user's packages.
  return [python, ["-I", "-c", pythonStart, file, String(megabytes)]];
}

interface InputOutput {
  readonly input: string;
  readonly output: string;
}

const isTestList = (value: unknown): value is InputOutput[] =>
  Array.isArray(value) && value.every((test) => typeof test?.input === "string" && typeof test?.output === "string");

/**
 * A reward of responses with a program in their last fenced block: 1 where it passes all tests of the problem's field `tests`, else 0. Tests are a
 * program's text that is put behind the response's and must end with code 0 (assertions), or a list of `{ input, output }` of standard input and
 * output, compared without the space at the ends of lines. The language is the fence's, or the problem's field `language`, or Python. See the file's
 * comment: this is no sandbox.
 * @throws TypeError where the problem has no tests, Error where the interpreter is missing
 */
export function codeReward(limits?: CodeLimits): Reward {
  return async ({ response, problem }) => {
    const { tests } = problem;
    if (typeof tests !== "string" && !isTestList(tests)) {
      throw new TypeError("code: the problem's field tests is neither a program nor a list of { input, output }");
    }
    const program = extractProgram(response);
    if (!program) return 0;
    const language = program.language ?? fences[String(problem.language ?? "python").toLowerCase()] ?? "python";
    if (typeof tests === "string") {
      // Asked for at the end, so that a program that exits early has not passed.
      const mark = `passed-${crypto.randomUUID()}`;
      const say = language === "python" ? `print("${mark}")` : `console.log("${mark}")`;
      const { code, output } = await runProgram(`${program.source}\n${tests}\n${say}\n`, language, limits);
      return code === 0 && output.trimEnd().endsWith(mark) ? 1 : 0;
    }
    for (const { input, output } of tests) {
      const end = await runProgram(program.source, language, limits, input);
      if (end.code !== 0 || lines(end.output) !== lines(output)) return 0;
    }
    return tests.length > 0 ? 1 : 0;
  };
}

/** Without space at the ends of lines and of all. */
const lines = (text: string): string => text.replace(/[ \t\r]+$/gm, "").trimEnd();
