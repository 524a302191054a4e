import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { MjModel } from "@mujoco/mujoco";
import type { Mujoco } from "./mujoco.ts";

/** A model that consists of several files: MJCF with what it includes, meshes, textures. */
export interface ModelFiles {
  /** The MJCF file to compile, one of {@link ModelFiles.files}. */
  readonly path: string;
  /** Contents by path, with forward slashes; files refer to each other relative to where they are. More than are needed do no harm. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Compiles a model of several files through a virtual file system that is gone afterwards: of a mesh, the WebAssembly memory keeps what
 * the compiled model holds of it, and what MuJoCo's own cache (of bounded size) keeps for the next compilation, which takes a tenth of the time.
 *
 * It is Emscripten's file system and not MuJoCo's `MjVFS`, because that one copies bytes one by one (some 5 s for 15 MB of meshes instead of
 * some 20 ms) and keeps them in WebAssembly memory, which never shrinks.
 *
 * @throws Error With MuJoCo's message where the model does not compile.
 */
export function compileFiles({ FS, MEMFS, MjModel }: Mujoco, { path, files }: ModelFiles): MjModel {
  const folder = "/models";
  FS.mkdirTree(folder, undefined);
  FS.mount(MEMFS, {}, folder);
  try {
    for (const [name, content] of files) {
      const file = posix.join(folder, name);
      FS.mkdirTree(posix.dirname(file), undefined);
      FS.writeFile(file, content, { canOwn: true });
      const time = pseudoTime(content);
      FS.utime(file, time, time);
    }
    return MjModel.from_xml_path(posix.join(folder, path));
  } finally {
    FS.unmount(folder);
  }
}

/** MuJoCo's cache tells the versions of a mesh apart by their times of modification. This time (ms, whole seconds) is the content's own. */
function pseudoTime(content: Uint8Array): number {
  return 1000 * (createHash("sha1").update(content).digest().readUInt32BE() >>> 1);
}
