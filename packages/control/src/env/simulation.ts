import type { DoubleBuffer, MjData, MjModel } from "@mujoco/mujoco";
import { EnvError } from "./env.ts";
import { compileFiles, type ModelFiles } from "./modelFiles.ts";
import type { Mujoco } from "./mujoco.ts";
import { SharedModel } from "./sharedModel.ts";

/** The quantities of `mjData` that tasks read, by MuJoCo's own names. */
const fieldNames = [
  "qpos",
  "qvel",
  "qacc",
  "act",
  "ctrl",
  "xpos",
  "xmat",
  "xquat",
  "xipos",
  "xanchor",
  "cinert",
  "cvel",
  "cfrc_ext",
  "qfrc_actuator",
  "qfrc_constraint",
  "geom_xpos",
  "geom_xmat",
  "site_xpos",
  "site_xmat",
  "subtree_com",
  "actuator_force",
  "sensordata",
  "ten_length",
  "ten_velocity",
] as const;

/** The name of such a quantity. */
export type FieldName = (typeof fieldNames)[number];

/** Live views into the simulator's memory, row-major where MuJoCo has matrices. */
export type Fields = Readonly<Record<FieldName, Float64Array>>;

/** The name of a quantity of `mjModel` that a task may change from one episode to the next. */
export type ModelFieldName = "geom_pos" | "site_pos" | "wrap_prm" | "hfield_data";

/** MuJoCo calls a position, velocity or acceleration beyond this bad (mjMAXVAL). */
const MAX_VALUE = 1e10;

/** How many {@link Simulation.advance} calls pass between two looks at MuJoCo's warning counters, which cost as much as a short step. */
const WARNING_INTERVAL = 256;

/**
 * One MuJoCo model with its data: physics steps, state, and views of the quantities. It owns WebAssembly memory until
 * {@link Simulation.close}.
 */
export class Simulation {
  readonly mujoco: Mujoco;
  readonly model: MjModel;
  readonly data: MjData;
  /** Number of position coordinates. */
  readonly nq: number;
  /** Number of degrees of freedom. */
  readonly nv: number;
  /** Number of controls. */
  readonly nu: number;
  /** Number of bodies, the world (body 0) included. */
  readonly nbody: number;
  /** Seconds per physics step. */
  readonly timestep: number;
  /** Length of {@link Simulation.saveState}'s array. */
  readonly stateSize: number;

  readonly #shared: SharedModel | undefined;
  readonly #savedFields: readonly FieldName[];
  readonly #savedModelFields: readonly ModelFieldName[];
  readonly #stateSpec: number;
  readonly #stateBuffer: DoubleBuffer;
  #fields: Fields;
  #advances = 0;
  /** Whether the present episode has been reported as unstable. */
  #failed = false;

  /**
   * Compiles a model.
   *
   * @param id What error messages call it.
   * @param model The model as MJCF text, complete in itself, as files, or shared with other simulations.
   * @param savedFields What {@link Simulation.saveState} keeps beside the physics state: the quantities that are read before they are
   * computed anew. All if left out.
   * @param savedModelFields What it keeps of the model: the quantities that an episode's beginning draws.
   * @throws EnvError With MuJoCo's message where it does not compile.
   */
  constructor(
    mujoco: Mujoco,
    id: string,
    model: string | ModelFiles | SharedModel,
    savedFields: readonly FieldName[] = fieldNames,
    savedModelFields: readonly ModelFieldName[] = [],
  ) {
    this.mujoco = mujoco;
    this.#savedFields = savedFields;
    this.#savedModelFields = savedModelFields;
    this.#shared = model instanceof SharedModel ? model : undefined;
    this.model =
      model instanceof SharedModel ? model.acquire((files) => compile(mujoco, id, files)) : compile(mujoco, id, model);
    this.nq = this.model.nq;
    this.nv = this.model.nv;
    this.nu = this.model.nu;
    this.nbody = this.model.nbody;
    const options = this.model.opt;
    this.timestep = options.timestep;
    // MuJoCo would answer an unstable step by silently starting over in the middle of an episode; advance() reports it instead.
    options.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET.value;
    this.data = new mujoco.MjData(this.model);
    this.#stateSpec = mujoco.mjtState.mjSTATE_INTEGRATION.value;
    const integrationSize = mujoco.mj_stateSize(this.model, this.#stateSpec);
    this.#stateBuffer = new mujoco.DoubleBuffer(integrationSize);
    this.#fields = readFields(this.data);
    this.stateSize = this.#saved().reduce((size, { length }) => size + length, integrationSize);
  }

  /**
   * Views of the current quantities. WebAssembly memory moves when it grows (another model is enough), which empties all views: so take
   * them anew after every call into the simulation instead of keeping them.
   */
  get fields(): Fields {
    if (this.#fields.qpos.length === 0) this.#fields = readFields(this.data);
    return this.#fields;
  }

  /**
   * Sets everything to the model's initial state. Derived quantities are not computed.
   *
   * @throws Unstable Where MuJoCo has warned since the last look at its warnings; the next reset then succeeds.
   */
  reset(): void {
    if (!this.#failed) this.#checkWarnings();
    this.mujoco.mj_resetData(this.model, this.data);
    this.#failed = false;
  }

  /** Computes all derived quantities of the present state. */
  forward(): void {
    this.mujoco.mj_forward(this.model, this.data);
  }

  /**
   * Takes `steps` physics steps under the present controls.
   *
   * @throws Unstable Where a position, velocity or acceleration is then not finite or beyond 1e10, or MuJoCo has warned.
   */
  advance(steps: number): void {
    this.integrate(steps);
    const { qpos, qvel, qacc } = this.fields;
    this.#checkFinite("qpos", qpos);
    this.#checkFinite("qvel", qvel);
    this.#checkFinite("qacc", qacc);
    this.#advances++;
    if (this.#advances % WARNING_INTERVAL === 0) this.#checkWarnings();
  }

  /** The physics steps of {@link Simulation.advance}. */
  protected integrate(steps: number): void {
    const { mujoco, model, data } = this;
    for (let i = 0; i < steps; i++) mujoco.mj_step(model, data);
  }

  /** What has to be computed after the physics state was put back, before the saved fields are. */
  protected derive(): void {}

  /** Computes `cacc`, `cfrc_int` and `cfrc_ext`, which a physics step leaves out. */
  computeContactForces(): void {
    this.mujoco.mj_rnePostConstraint(this.model, this.data);
  }

  /**
   * Calls `touches` with the numbers of the two geoms of each contact, as last found, until it returns true. Reading a contact costs
   * some microseconds.
   *
   * @returns Whether it has returned true.
   */
  someContact(touches: (geom1: number, geom2: number) => boolean): boolean {
    // A copy of the contacts in WebAssembly memory, and of each of them: ours to free.
    const contacts = this.data.contact;
    try {
      for (let i = 0; i < contacts.size(); i++) {
        const contact = contacts.get(i);
        if (contact === undefined) continue;
        const { geom1, geom2 } = contact;
        contact.delete();
        if (touches(geom1, geom2)) return true;
      }
      return false;
    } finally {
      contacts.delete();
    }
  }

  /** The full physics state and the fields to be saved, {@link Simulation.stateSize} numbers. */
  saveState(): Float64Array {
    this.mujoco.mj_getState(this.model, this.data, this.#stateBuffer, this.#stateSpec);
    const integration = this.#stateBuffer.GetView() as Float64Array;
    const state = new Float64Array(this.stateSize);
    state.set(integration);
    let offset = integration.length;
    for (const values of this.#saved()) {
      state.set(values, offset);
      offset += values.length;
    }
    return state;
  }

  /** Puts back what {@link Simulation.saveState} returned. Fields are restored as they were, not recomputed. */
  restoreState(state: Float64Array): void {
    const integration = this.#stateBuffer.GetElementCount();
    // The declared number[] is any array-like; embind takes a typed array as it is.
    const values = state.subarray(0, integration) as unknown as number[];
    this.mujoco.mj_setState(this.model, this.data, values, this.#stateSpec);
    this.#restoreSaved(state.subarray(integration));
    this.derive();
    this.#restoreSaved(state.subarray(integration));
  }

  /** Frees the WebAssembly memory. */
  close(): void {
    this.#stateBuffer.delete();
    this.data.delete();
    if (this.#shared === undefined) this.model.delete();
    else this.#shared.release();
  }

  /** Views of all that is saved beside the physics state. */
  #saved(): (Float64Array | Float32Array)[] {
    const { fields, model } = this;
    return [
      ...this.#savedModelFields.map((name) => model[name] as Float64Array | Float32Array),
      ...this.#savedFields.map((name) => fields[name]),
    ];
  }

  #restoreSaved(state: Float64Array): void {
    let offset = 0;
    for (const values of this.#saved()) {
      values.set(state.subarray(offset, offset + values.length));
      offset += values.length;
    }
  }

  #checkFinite(name: string, values: Float64Array): void {
    for (let i = 0; i < values.length; i++) {
      // Written so that NaN fails the comparison too.
      if (!(Math.abs(values[i] ?? 0) <= MAX_VALUE)) this.#fail(`${name}[${i}] is ${values[i]}`);
    }
  }

  #checkWarnings(): void {
    const warnings = this.data.warning;
    for (let i = 0; i < warnings.size(); i++) {
      const warning = warnings.get(i);
      if (warning === undefined) continue;
      const { number, lastinfo } = warning;
      warning.delete();
      if (number > 0) this.#fail(`MuJoCo warned: ${this.mujoco.mju_warningText(i, lastinfo)}`);
    }
  }

  #fail(message: string): never {
    this.#failed = true;
    throw new Unstable(message);
  }
}

/** The simulation can't be relied upon any more; the message says which quantity shows it. */
export class Unstable extends Error {
  override readonly name = "Unstable";
}

function compile(mujoco: Mujoco, id: string, model: string | ModelFiles): MjModel {
  try {
    return typeof model === "string" ? mujoco.from_xml_string(model) : compileFiles(mujoco, model);
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim().replaceAll(/\s*\n\s*/g, "; ") : String(error);
    throw new EnvError(`${id}: the MuJoCo model does not compile: ${reason}`);
  }
}

function readFields(data: MjData): Fields {
  return Object.fromEntries(fieldNames.map((name) => [name, data[name] as Float64Array])) as Fields;
}
