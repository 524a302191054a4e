/** Pictures of a replay page, drawn by a Chromium that is installed. Nothing is downloaded. */
import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { FailureError } from "@era/lab";

/** Names that Chromium and its relatives are installed under. */
const NAMES = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "chrome",
  "microsoft-edge",
  "brave-browser",
];

/** Where they lie outside the search path. */
const PLACES = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/**
 * The browser's program.
 *
 * @param given What the user named; else the first that is found.
 * @throws FailureError in one line where there is none
 */
export function findBrowser(given: string | undefined, searchPath = process.env.PATH ?? ""): string {
  if (given !== undefined) {
    if (isProgram(given)) return given;
    throw new FailureError(`--browser ${given}: there is no such program`);
  }
  const folders = searchPath.split(delimiter).filter((folder) => folder !== "");
  const found = [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...PLACES].find(isProgram);
  if (found !== undefined) return found;
  throw new FailureError(
    "pictures need Chromium or Chrome, and none was found: install one, or name it with --browser; the page itself opens in any browser",
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A replay that is open in a browser. */
export interface OpenReplay {
  /** Seconds of simulated time. */
  readonly duration: number;
  /** The page as PNG, at a moment in seconds after the first state. */
  picture(seconds: number): Promise<Buffer>;
  close(): Promise<void>;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
  /** Pixels of the picture in one of its size, along each axis. */
  readonly scale: number;
}

/**
 * Opens a replay page without a window. Where there is no graphics card, the browser draws in software.
 * @throws FailureError in one line where the browser does not start or can't show the page
 */
export async function openReplay(
  page: string,
  browser: string,
  { width, height, scale }: PictureSize,
): Promise<OpenReplay> {
  // Only who wants a picture pays for loading it.
  const { chromium } = await import("playwright-core");
  const started = await chromium
    .launch({
      executablePath: browser,
      args: ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--no-first-run"],
      // The only page is the one just written here; as root Chromium refuses its sandbox.
      chromiumSandbox: false,
    })
    .catch((error: Error) => {
      throw new FailureError(`${browser} does not start: ${firstLine(error)}`);
    });
  try {
    const tab = await started.newPage({ viewport: { width, height }, deviceScaleFactor: scale });
    await tab.goto(`${pathToFileURL(resolve(page)).href}#picture`);
    await tab.waitForFunction("globalThis.eraReplay || globalThis.eraReplayError", undefined, { timeout: 60_000 });
    const problem = await tab.evaluate("globalThis.eraReplayError");
    if (problem !== undefined) throw new FailureError(`${browser} can't show ${page}: ${problem}`);
    return {
      duration: Number(await tab.evaluate("eraReplay.duration")),
      async picture(seconds) {
        await tab.evaluate(`eraReplay.show(${seconds})`);
        return await tab.screenshot({ type: "png", timeout: 60_000 });
      },
      close: () => started.close(),
    };
  } catch (error) {
    await started.close();
    throw error instanceof FailureError
      ? error
      : new FailureError(`${browser} can't show ${page}: ${firstLine(error as Error)}`);
  }
}

const firstLine = ({ message }: Error): string => message.split("\n")[0] ?? message;
