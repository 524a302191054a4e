import { type ProgressState, renderProgress } from "./progressLine.ts";
import { StepRate } from "./stepRate.ts";

/** Where progress is shown: `process.stdout`, `process.stderr`, or anything that takes text. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ProgressOptions {
  /** The step at which the work is done. */
  readonly total: number;
  /** What a step is called; "step" if left out. */
  readonly unit?: string;
  /** The step at which this session starts; not 0 in a resumed run. */
  readonly start?: number;
  readonly stream: ProgressStream;
  /** Whether to keep one live line; by default whether the stream is a terminal. */
  readonly isTTY?: boolean;
  /** ANSI colours; by default on a terminal, unless the environment variable NO_COLOR is set. */
  readonly color?: boolean;
  /** Seconds between plain lines where there is no terminal, 10 by default. */
  readonly interval?: number;
  /** Milliseconds, of any origin. */
  readonly now?: () => number;
}

/** What changes besides the step; what isn't given stays as it was. */
export type ProgressReadings = Pick<ProgressState, "score" | "entropy" | "note">;

export interface Progress {
  /** Tells where the work stands. Cheap: draws at most ten times a second (on a terminal), or once an interval. */
  update(step: number, readings?: ProgressReadings): void;
  /** Writes a line of text that stays, above the live one. */
  print(line: string): void;
  /** Draws the last state and leaves the line there. */
  stop(): void;
}

const REDRAW_MILLISECONDS = 100;
const CLEAR_LINE = "\r\x1b[2K";

/** Shows progress: one live line on a terminal, plain lines now and then elsewhere. See {@link renderProgress}. */
export function createProgress({
  total,
  unit = "step",
  start = 0,
  stream,
  isTTY = stream.isTTY === true,
  color = isTTY && !process.env.NO_COLOR,
  interval = 10,
  now = () => performance.now(),
}: ProgressOptions): Progress {
  const pause = isTTY ? REDRAW_MILLISECONDS : interval * 1000;
  let state: ProgressState = { step: start, total, unit };
  const rate = new StepRate(start, now());
  let lastDrawn = now();
  let isStopped = false;

  function draw(time: number): void {
    lastDrawn = time;
    const stepsPerSecond = rate.at(state.step, time);
    state = { ...state, stepsPerSecond };
    // A line as wide as the terminal would wrap on some.
    const width = isTTY ? (stream.columns || 80) - 1 : Number.MAX_SAFE_INTEGER;
    const line = renderProgress(state, { width, bar: isTTY, color });
    stream.write(isTTY ? CLEAR_LINE + line : `${line}\n`);
  }

  return {
    update(step, { score = state.score, entropy = state.entropy, note = state.note } = {}) {
      state = { ...state, step, score, entropy, note };
      const time = now();
      if (!isStopped && time - lastDrawn >= pause) draw(time);
    },
    print(line) {
      stream.write(isTTY && !isStopped ? `${CLEAR_LINE}${line}\n` : `${line}\n`);
      if (isTTY && !isStopped) draw(now());
    },
    stop() {
      if (isStopped) return;
      isStopped = true;
      draw(now());
      if (isTTY) stream.write("\n");
    },
  };
}
