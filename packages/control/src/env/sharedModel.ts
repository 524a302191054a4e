import type { MjModel } from "@mujoco/mujoco";
import type { ModelFiles } from "./modelFiles.ts";

/**
 * A model that is compiled once for all simulations that run it at a time in this thread, and freed with the last of them. A robot of
 * meshes takes seconds and tens of megabytes, and parallel environments are many. The simulations must not write to it.
 */
export class SharedModel {
  readonly #files: () => ModelFiles;
  #compiled: MjModel | undefined;
  #users = 0;

  /** @param files reads the model's files; called at each compilation */
  constructor(files: () => ModelFiles) {
    this.#files = files;
  }

  /** The compiled model, for one more user, who has to {@link SharedModel.release} it. */
  acquire(compile: (files: ModelFiles) => MjModel): MjModel {
    this.#compiled ??= compile(this.#files());
    this.#users++;
    return this.#compiled;
  }

  /** One user less. */
  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    this.#compiled?.delete();
    this.#compiled = undefined;
  }
}
