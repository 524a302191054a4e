import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Gymnasium's own models, in the `shared` folder beside the project's. They belong to others and are not part of the project. */
const folder = fileURLToPath(new URL("../../../../../shared/models/gymnasium/", import.meta.url));

/** Which of Gymnasium's files each environment loads (its `xml_file` default). */
const files = {
  "HalfCheetah-v5": "half_cheetah.xml",
  "Hopper-v5": "hopper.xml",
  "Walker2d-v5": "walker2d_v5.xml",
  "Ant-v5": "ant.xml",
  "Humanoid-v5": "humanoid.xml",
  "HumanoidStandup-v5": "humanoidstandup.xml",
  "InvertedPendulum-v5": "inverted_pendulum.xml",
  "InvertedDoublePendulum-v5": "inverted_double_pendulum.xml",
  "Swimmer-v5": "swimmer.xml",
  "Reacher-v5": "reacher.xml",
  "Pusher-v5": "pusher_v5.xml",
};

/** Path of the original model of each environment. */
export const originals = Object.entries(files).map(([id, file]) => ({ id, path: folder + file }));

/** Why tests against the originals can't run; undefined where they can. */
export const skipReason = originals.every(({ path }) => existsSync(path))
  ? undefined
  : "SKIPPED, because ../shared/models/gymnasium is absent";
