import { readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import type { MjModel } from "@mujoco/mujoco";
import { EnvError } from "./env.ts";
import type { Mujoco } from "./mujoco.ts";

/** A model that consists of several files: an MJCF file, what it includes, meshes, textures. */
export interface ModelFiles {
  /** Where the files lie. */
  readonly folder: string;
  /** Path of the MJCF file to compile, in `folder`, with forward slashes. */
  readonly main: string;
  /** The MJCF to compile in place of what the main file holds; its includes and meshes are still looked for from where that lies. */
  readonly mjcf?: string | undefined;
  /** Paths in `folder`, with forward slashes, of all files that the model needs beside the main one; more do no harm. */
  readonly files: readonly string[];
}

/**
 * Compiles a model of several files through a virtual file system that is gone afterwards: of a mesh, the WebAssembly memory keeps what
 * the compiled model holds of it, and what MuJoCo's own cache (of bounded size) keeps for the next compilation, which takes a tenth of the time.
 *
 * It is Emscripten's file system and not MuJoCo's `MjVFS`, because that one copies bytes one by one (some 5 s for 15 MB of meshes instead of
 * some 20 ms) and keeps them in WebAssembly memory, which never shrinks.
 *
 * @throws EnvError Where a file can't be read.
 * @throws Error With MuJoCo's message where the model does not compile.
 */
export function compileFiles(mujoco: Mujoco, id: string, model: ModelFiles): MjModel {
  const { FS, MEMFS } = mujoco;
  // MuJoCo's cache knows a mesh by its path and time of modification, so both have to be those of the real file.
  const mount = `/models/${encodeURIComponent(model.folder)}`;
  FS.mkdirTree(mount, undefined);
  FS.mount(MEMFS, {}, mount);
  try {
    for (const file of new Set([...model.files, model.main])) {
      const path = posix.join(mount, file);
      FS.mkdirTree(posix.dirname(path), undefined);
      if (file === model.main && model.mjcf !== undefined) {
        FS.writeFile(path, model.mjcf);
      } else {
        const { bytes, modified } = readModelFile(id, join(model.folder, file));
        FS.writeFile(path, bytes, { canOwn: true });
        FS.utime(path, modified, modified);
      }
    }
    return mujoco.MjModel.from_xml_path(posix.join(mount, model.main));
  } finally {
    FS.unmount(mount);
  }
}

function readModelFile(id: string, path: string): { bytes: Uint8Array; modified: number } {
  try {
    return { bytes: readFileSync(path), modified: statSync(path).mtimeMs };
  } catch (error) {
    throw new EnvError(`${id}: a file of the model can't be read: ${error instanceof Error ? error.message : error}`);
  }
}
