/** A recorded episode as one HTML file that replays it: the viewer's script and the recording are inside, so it opens anywhere, without a network. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Poses, RecordedEpisode } from "@era/control";
import { encodeReplay, type Replay } from "@era/viewer";

export interface PageOptions {
  /** What was played: algorithm, run, seed. */
  readonly subtitle: string;
  /** What no state's entropy falls below, in nats. */
  readonly entropyFloor?: number | undefined;
}

/** The whole page. */
export async function replayPage(episode: RecordedEpisode, options: PageOptions): Promise<string> {
  const script = readFileSync(createRequire(import.meta.url).resolve("@era/viewer/viewer.js"), "utf8");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(`${episode.env}, ${options.subtitle}`)}</title>
<script type="text/plain" id="replay">${await encodeReplay(replayOf(episode, options))}</script>
<body>
<script>${script.replaceAll("</script", "<\\/script")}</script>
</html>
`;
}

/** What the page carries of an episode: float32 poses, those of the bodies that never move only once. */
export function replayOf(episode: RecordedEpisode, { subtitle, entropyFloor }: PageOptions): Replay {
  const { states, steps, scene } = episode;
  const poses = states.map(bodyPoses);
  const rest = poses[0] ?? new Float32Array();
  const bodies = scene.bodies.map((_, body) => body);
  const moving = bodies.filter((body) => poses.some((state) => !isSamePose(state, rest, body)));
  const entropies = steps.flatMap(({ entropy }) => (entropy === undefined ? [] : [entropy]));
  return {
    title: episode.env,
    subtitle,
    scene,
    times: Float32Array.from(states, ({ time }) => time),
    rest,
    moving,
    poses: Float32Array.from(
      poses.flatMap((state) => moving.flatMap((body) => Array.from(state.subarray(POSE * body, POSE * (body + 1))))),
    ),
    rewards: Float32Array.from(steps, ({ reward }) => reward),
    ...(entropies.length === steps.length ? { entropies: Float32Array.from(entropies) } : {}),
    ...(entropyFloor === undefined ? {} : { entropyFloor }),
  };
}

/** Numbers of one body's pose: position, quaternion. */
const POSE = 7;

/** `[bodies, 7]` */
function bodyPoses({ xpos, xquat }: Poses): Float32Array {
  const count = xpos.length / 3;
  const poses = new Float32Array(POSE * count);
  for (let body = 0; body < count; body++) {
    poses.set(xpos.subarray(3 * body, 3 * body + 3), POSE * body);
    poses.set(xquat.subarray(4 * body, 4 * body + 4), POSE * body + 3);
  }
  return poses;
}

function isSamePose(state: Float32Array, other: Float32Array, body: number): boolean {
  for (let i = POSE * body; i < POSE * (body + 1); i++) if (state[i] !== other[i]) return false;
  return true;
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[letter] ?? letter);
