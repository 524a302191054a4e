/** A competitor of `era bench`: a child process that speaks the line protocol of bench/peers/README.md. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";

export interface PeerCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

export interface Ready {
  readonly version: string;
  readonly compileSeconds?: number;
  /** ONNX nodes as written; this project alone says so. */
  readonly nodes?: number;
  /** Of the network, where peers say so. */
  readonly parameters?: number;
}

/** Repetitions one after the other. */
export interface Turn {
  readonly milliseconds: number[];
  readonly cpuMilliseconds?: number[];
  /** Of the first of two parts, where a repetition has such: reading the prompts, the rollout. */
  readonly firstPartMilliseconds?: number[];
  readonly firstPartCpuMilliseconds?: number[];
}

type Answer = Record<string, unknown>;

export class Peer {
  readonly name: string;
  readonly ready: Ready;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  private constructor(
    name: string,
    child: ChildProcessWithoutNullStreams,
    reader: Interface,
    lines: AsyncIterator<string>,
    ready: Ready,
  ) {
    this.name = name;
    this.ready = ready;
    this.#process = child;
    this.#reader = reader;
    this.#lines = lines;
  }

  /** Starts a competitor and waits until it is compiled and warm. Throws Error with its own words where it cannot start. */
  static async start({ name, command, args }: PeerCommand): Promise<Peer> {
    const child = spawn(command, [...args], { stdio: ["pipe", "pipe", "pipe"] });
    // A library's chatter must be read, or it would block; its last line explains a death without an answer.
    let chatter = "";
    child.stderr.on("data", (data: Buffer) => {
      chatter = (chatter + data.toString()).slice(-4000);
    });
    const failure = new Promise<never>((_, reject) => child.once("error", reject));
    failure.catch(() => {});
    const reader = createInterface({ input: child.stdout });
    const lines = reader[Symbol.asyncIterator]();
    try {
      const ready = await Promise.race([nextAnswer(name, lines, () => chatter), failure]);
      const peer = new Peer(name, child, reader, lines, ready as unknown as Ready);
      peer.#signal("SIGSTOP");
      return peer;
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** Asks for `count` repetitions; milliseconds of each (of all together where the peer says so). */
  async run(count: number): Promise<number[]> {
    return (await this.turn(count)).milliseconds;
  }

  /** {@link run}, with the processor time of all threads for each repetition where the peer measures it. */
  async turn(count: number): Promise<Turn> {
    return (await this.#ask({ run: count })) as unknown as Turn;
  }

  /** The parity check. */
  async check(request: object): Promise<Record<string, unknown>> {
    return (await this.#ask({ check: request })).check as Record<string, unknown>;
  }

  /**
   * Asks while the process runs, and stops it again: between its turns a competitor's idle threads (spinning, collecting garbage) must not
   * take the cores from the one whose turn it is.
   */
  async #ask(request: object): Promise<Answer> {
    this.#signal("SIGCONT");
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await nextAnswer(this.name, this.#lines, () => "");
    this.#signal("SIGSTOP");
    return answer;
  }

  /** Windows has no such signals; there competitors stay awake. */
  #signal(name: "SIGCONT" | "SIGSTOP"): void {
    if (process.platform !== "win32") this.#process.kill(name);
  }

  /** Ends the process. */
  stop(): void {
    this.#reader.close();
    this.#process.stdin.end();
    this.#signal("SIGCONT");
    this.#process.kill();
  }
}

/** A competitor that did not start, with its own words. */
export interface FailedPeer {
  readonly name: string;
  readonly error: string;
}

/** Starts competitors one after the other; those that cannot start are told of, and stop nobody. */
export async function startPeers(
  commands: readonly PeerCommand[],
  log: (line: string) => void,
): Promise<{ peers: Peer[]; failed: FailedPeer[] }> {
  const peers: Peer[] = [];
  const failed: FailedPeer[] = [];
  for (const command of commands) {
    log(`starting ${command.name}`);
    try {
      peers.push(await Peer.start(command));
    } catch (error) {
      failed.push({ name: command.name, error: (error as Error).message });
    }
  }
  return { peers, failed };
}

async function nextAnswer(name: string, lines: AsyncIterator<string>, chatter: () => string): Promise<Answer> {
  const { value, done } = await lines.next();
  if (done) throw new Error(`${name} ended without an answer: ${chatter().trim().split("\n").at(-1) ?? ""}`);
  const answer = JSON.parse(value) as Answer;
  if (typeof answer.error === "string") throw new Error(`${name}: ${answer.error}`);
  return answer;
}
