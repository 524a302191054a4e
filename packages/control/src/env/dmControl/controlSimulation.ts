import type { MjOption } from "@mujoco/mujoco";
import type { ModelFiles } from "../modelFiles.ts";
import type { Mujoco } from "../mujoco.ts";
import type { SharedModel } from "../sharedModel.ts";
import { type ModelFieldName, Simulation } from "../simulation.ts";

/**
 * A simulation that steps as dm_control's `Physics` does: after each environment step, positions and velocities and all that depends on them
 * are of the same instant (MuJoCo itself leaves the latter one physics step behind), while what depends on accelerations (contact and force
 * sensors, accelerometers) is of the step before. (dm_control/mujoco/engine.py; section 2.3 of arXiv 2006.12983)
 */
export class ControlSimulation extends Simulation {
  readonly #options: MjOption;
  /** Whether a step can be taken in MuJoCo's two halves, the first of which was done at the end of the step before. */
  readonly #splits: boolean;
  readonly #noActuation: number;

  /** @param randomized what an episode's beginning draws of the model, which must then be this simulation's alone */
  constructor(mujoco: Mujoco, id: string, model: ModelFiles | SharedModel, randomized: readonly ModelFieldName[]) {
    super(mujoco, id, model, ["sensordata"], randomized);
    this.#options = this.model.opt;
    this.#splits = this.#options.integrator !== mujoco.mjtIntegrator.mjINT_RK4.value;
    this.#noActuation = mujoco.mjtDisableBit.mjDSBL_ACTUATION.value;
  }

  /** As {@link Simulation.reset}; derived quantities are computed. */
  override reset(): void {
    super.reset();
    this.forward();
  }

  /** As {@link Simulation.forward}, without actuators: there are no meaningful controls yet where an episode begins. */
  override forward(): void {
    this.#options.disableflags |= this.#noActuation;
    super.forward();
    this.#options.disableflags &= ~this.#noActuation;
  }

  protected override integrate(steps: number): void {
    const { mujoco, model, data } = this;
    if (this.#splits) {
      mujoco.mj_step2(model, data);
      super.integrate(steps - 1);
    } else super.integrate(steps);
    mujoco.mj_step1(model, data);
  }

  protected override derive(): void {
    this.mujoco.mj_step1(this.model, this.data);
  }
}
