/** Several runs on one terminal: a live line for each that is at work; elsewhere plain lines now and then. */
import { type ProgressReadings, renderProgress, StepRate } from "@era/lab";

/** Where the board is drawn: `process.stderr`, or anything like it. */
export interface BoardStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface SeedBoardOptions {
  /** Every name that may come, to align the lines. */
  readonly names: readonly string[];
  /** The step at which a run is done. */
  readonly total: number;
  readonly stream: BoardStream;
  readonly color?: boolean;
  /** Seconds between a run's plain lines where there is no terminal, 10 by default. */
  readonly interval?: number;
  /** Milliseconds, of any origin. */
  readonly now?: () => number;
}

export interface SeedBoard {
  /** A run is at work and has a line from now on. */
  begin(name: string): void;
  /** Where a run stands. Cheap. */
  update(name: string, step: number, readings: ProgressReadings): void;
  /** A run is over: its line says how and stays. */
  end(name: string, text: string): void;
  /** Writes a line that stays. */
  print(text: string): void;
  /** Leaves what is shown. */
  stop(): void;
}

interface Lane {
  rate: StepRate | undefined;
  drawnAt: number;
  text: string;
}

const REDRAW_MILLISECONDS = 100;
const CLEAR_LINE = "\x1b[2K";

/** See {@link SeedBoard}. */
export function createSeedBoard({
  names,
  total,
  stream,
  color = stream.isTTY === true && !process.env.NO_COLOR,
  interval = 10,
  now = () => performance.now(),
}: SeedBoardOptions): SeedBoard {
  const isTTY = stream.isTTY === true;
  const pause = isTTY ? REDRAW_MILLISECONDS : interval * 1000;
  const labelWidth = Math.max(...names.map((name) => name.length));
  const lanes = new Map<string, Lane>();
  let linesUp = 0;

  const labelled = (name: string, text: string) => `${name.padEnd(labelWidth)}  ${text}`;
  /** Draws all live lines anew, below text that stays. */
  function draw(above = ""): void {
    if (!isTTY) {
      if (above !== "") stream.write(`${above}\n`);
      return;
    }
    const up = linesUp === 0 ? "" : `\x1b[${linesUp}A`;
    const lines = [...(above === "" ? [] : [above]), ...[...lanes].map(([name, { text }]) => labelled(name, text))];
    // A finished line leaves one fewer: what is below the last is cleared.
    stream.write(`${up}\r${lines.map((line) => `${CLEAR_LINE}${line}\n`).join("")}\x1b[J`);
    linesUp = lanes.size;
  }

  return {
    begin(name) {
      lanes.set(name, { rate: undefined, drawnAt: now(), text: "starting" });
      draw();
    },
    update(name, step, readings) {
      const lane = lanes.get(name);
      if (!lane) return;
      const time = now();
      lane.rate ??= new StepRate(step, time);
      if (time - lane.drawnAt < pause) return;
      lane.drawnAt = time;
      const width = isTTY ? (stream.columns || 80) - 1 - labelWidth - 2 : Number.MAX_SAFE_INTEGER;
      const stepsPerSecond = lane.rate.at(step, time);
      lane.text = renderProgress({ step, total, stepsPerSecond, ...readings }, { width, bar: isTTY, color });
      if (isTTY) draw();
      else stream.write(`${labelled(name, lane.text)}\n`);
    },
    end(name, text) {
      lanes.delete(name);
      draw(labelled(name, text));
    },
    print: (text) => draw(text),
    stop() {
      lanes.clear();
      linesUp = 0;
    },
  };
}
