import type { Random } from "@era/tensor";
import { z } from "zod";
import { Box } from "../box.ts";
import type { EnvDefinition } from "../envDefinition.ts";
import { loadMujoco } from "../mujoco.ts";
import { MujocoEnv } from "../mujocoEnv.ts";
import { parseOptions } from "../parseOptions.ts";
import { SharedModel } from "../sharedModel.ts";
import type { ModelFieldName } from "../simulation.ts";
import { missingModel, suiteModel } from "../suites/modelSuite.ts";
import { dmControlModels } from "../suites/modelSuites.ts";
import { ControlSimulation } from "./controlSimulation.ts";
import { observation, type Part } from "./observation.ts";

/** What a task of the suite is, once its model is simulated. */
export interface ControlTask {
  /** Draws the state in which an episode begins: `qpos`, `qvel` and whatever else is random, from the model's initial state. */
  initialize(random: Random): void;
  /** The observation, in the order of dm_control's dictionary. */
  readonly observation: readonly Part[];
  /** The reward of the present state and controls. */
  reward(): number;
}

/** What is written down for a task of the DeepMind Control suite. */
export interface ControlTaskDefinition {
  readonly domain: string;
  readonly task: string;
  /** Seconds per episode. No task of the suite ends otherwise. */
  readonly timeLimit: number;
  /** Seconds per environment step, a multiple of the model's. */
  readonly controlTimestep: number;
  readonly observationSize: number;
  /** Elements of an action, or their bounds where they are not all [−1, 1]. */
  readonly actions: number | readonly (readonly [low: number, high: number])[];
  /** What the task changes in the domain's model. */
  readonly edit?: (xml: string) => string;
  /** Other files of the suite that the model needs beside the common ones. */
  readonly uses?: (path: string) => boolean;
  /** What {@link ControlTask.initialize} draws of the model. */
  readonly randomized?: readonly ModelFieldName[];
  /** Begins with the model in its initial state. Where several environments share a model, what this writes to it must be the same each time. */
  readonly build: (simulation: ControlSimulation) => ControlTask;
}

const options = z.strictObject({});

/** The suite's sky is a picture of 12 MB in each copy of a model, and takes most of the time to compile one. */
const smallSky = `<mujoco><asset><texture name="skybox" type="skybox" builtin="flat" width="1" height="1"/></asset></mujoco>`;

/** Nothing is told beside observation and reward. One object, because there is one per step. */
const info = Object.freeze({});

/** A task of the suite as an environment, under the name that Gymnasium's users know it by: `dm_control/<domain>-<task>-v0`. */
export function defineControlTask(definition: ControlTaskDefinition): EnvDefinition {
  const { domain, task, controlTimestep, edit, uses = () => false, randomized = [], build } = definition;
  const id = `dm_control/${domain}-${task}-v0`;
  const path = `${domain}.xml`;
  const bounds =
    typeof definition.actions === "number"
      ? new Array<readonly [number, number]>(definition.actions).fill([-1, 1])
      : definition.actions;
  const readModel = () =>
    suiteModel(dmControlModels, path, {
      uses: (file) => file.startsWith("common/") || uses(file),
      edits: { [path]: edit, "common/skybox.xml": () => smallSky },
    });
  const shared = randomized.length === 0 ? new SharedModel(readModel) : undefined;
  return {
    suite: "dm_control",
    id,
    observationSpace: Box.unbounded(definition.observationSize),
    actionSpace: new Box(
      "float32",
      bounds.map(([low]) => low),
      bounds.map(([, high]) => high),
    ),
    maxEpisodeSteps: Math.round(definition.timeLimit / controlTimestep),
    rewardThreshold: null,
    options,
    missing: () => missingModel(dmControlModels, path),
    async create(given) {
      parseOptions(id, options, given);
      const model = shared ?? readModel();
      const simulation = new ControlSimulation(await loadMujoco(), id, model, randomized);
      try {
        simulation.reset();
        const { initialize, observation: parts, reward } = build(simulation);
        return new MujocoEnv(id, simulation, {
          frameSkip: Math.round(controlTimestep / simulation.timestep),
          ...observation(parts),
          perturb: initialize,
          resetInfo: () => info,
          step(_action, advance) {
            advance();
            return { reward: reward(), terminated: false, info };
          },
        });
      } catch (error) {
        simulation.close();
        throw error;
      }
    },
  };
}
