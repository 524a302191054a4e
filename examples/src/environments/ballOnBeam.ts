/**
 * A robot of one's own in MuJoCo: a motor tilts a beam so that the ball on it rolls to the middle and stays. The model is ballOnBeam.xml beside this file.
 *
 *   npx era train sac --env examples/src/environments/ballOnBeam.ts --steps 20000
 */
import { readFileSync } from "node:fs";
import { Box, defineEnvironment, loadMujoco, MujocoEnv, Simulation, type Task } from "@era/control";

const id = "BallOnBeam-v0";
const mjcf = readFileSync(new URL("ballOnBeam.xml", import.meta.url), "utf8");
/** Half the beam's length in metres. */
const reach = 0.6;

/** Observation: tilt of the beam, place of the ball along it, and both velocities. Reward: up to 1, the nearer the ball is to the middle. */
function balance(simulation: Simulation): Task {
  const present = () => {
    const [tilt = 0, x = 0, z = 0] = simulation.fields.qpos;
    const [tiltVelocity = 0, xVelocity = 0] = simulation.fields.qvel;
    return { tilt, x, z, tiltVelocity, xVelocity };
  };
  return {
    observationSize: 4,
    // A step is four of the model's 5 ms.
    frameSkip: 4,

    perturb(random, qpos) {
      qpos[0] = random.uniform(-0.05, 0.05);
      qpos[1] = random.uniform(-0.3, 0.3);
      qpos[2] = 0.02;
    },

    observe(out) {
      const { tilt, x, tiltVelocity, xVelocity } = present();
      out.set([tilt, x, tiltVelocity, xVelocity]);
    },

    resetInfo: () => ({}),

    step(action, advance) {
      advance();
      const { x, z } = present();
      const hasFallen = Math.abs(x) > reach || z < -0.4;
      const reward = hasFallen ? 0 : 1 - Math.abs(x) / reach - 0.01 * (action[0] ?? 0) ** 2;
      return { reward, terminated: hasFallen, info: { x } };
    },
  };
}

export default defineEnvironment({
  id,
  observationSpace: Box.unbounded(4),
  actionSpace: Box.uniform("float32", 1, -1, 1),
  maxEpisodeSteps: 250,
  async create() {
    const simulation = new Simulation(await loadMujoco(), id, mjcf);
    return new MujocoEnv(id, simulation, balance(simulation));
  },
});
