/** Sets whose images are files in a folder for each class: on disk, or in a tar archive. */
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { FailureError, fileFailure, UsageError } from "@era/lab";
import sharp from "sharp";
import { extract } from "tar-stream";
import { checkedSet, type ImageSet } from "./imageSet.ts";

export interface ClassFilesOptions {
  /** Leaves damaged images out, and lists them, instead of failing. */
  readonly skipBad?: boolean;
  /** Height and width that every image is reduced or enlarged to, its longer side cut; left out: all must have one size. */
  readonly imageSize?: number | undefined;
}

/** One image file. */
interface ImageFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const isImage = (name: string): boolean => /\.(jpe?g|png|webp)$/i.test(name);
/** No photograph as a file is larger; an archive that announces more lies. */
const mostFileBytes = 2 ** 26;
/** What a decoded image may have at most. */
const mostPixels = 2 ** 26;
/** Files decoded at a time: sharp works in threads of its own. */
const together = 64;

/** Every image in a folder's folders, in order of their paths. */
async function* filesIn(folder: string): AsyncGenerator<ImageFile> {
  const children = readdirSync(folder, { recursive: true, withFileTypes: true });
  const images = children.filter((child) => child.isFile() && isImage(child.name));
  for (const path of images.map((child) => join(child.parentPath, child.name)).sort()) {
    if (statSync(path).size > mostFileBytes) throw new FailureError(`${path}: is larger than ${mostFileBytes} bytes`);
    yield { path: relative(folder, path), bytes: readFileSync(path) };
  }
}

/** Whether a name within an archive could mean a place outside of where it is unpacked. */
const leadsOut = (name: string): boolean =>
  name.startsWith("/") || /[\\\0]/.test(name) || /^[a-z]:/i.test(name) || name.split("/").includes("..");

/**
 * Every image in a tar archive, in its order. Nothing is written to disk; sizes that headers announce are not trusted.
 * @throws FailureError where a name leads out of the archive, a file is too large, or the archive ends within a file
 */
async function* filesOfTar(archive: string): AsyncGenerator<ImageFile> {
  const entries = extract();
  const source = createReadStream(archive);
  source.on("error", (error) => entries.destroy(error));
  source.pipe(entries);
  try {
    for await (const entry of entries) {
      const { name, type, size = 0 } = entry.header;
      if (leadsOut(name)) throw new FailureError(`${archive}: the name "${name}" leads out of the archive`);
      if (type !== "file" || !isImage(name)) {
        entry.resume();
        continue;
      }
      if (size > mostFileBytes) throw new FailureError(`${archive}: ${name} is announced with ${size} bytes`);
      const parts: Uint8Array[] = [];
      for await (const part of entry) parts.push(part as Uint8Array);
      yield { path: name, bytes: Buffer.concat(parts) };
    }
  } catch (error) {
    const failure = fileFailure(archive, "read", error);
    if (failure instanceof FailureError) throw failure;
    throw new FailureError(`${archive}: ${(error as Error).message}`, { cause: error });
  } finally {
    source.destroy();
  }
}

interface Decoded {
  /** Red, green and blue, one after another. */
  readonly planes: Uint8Array;
  readonly height: number;
  readonly width: number;
}

async function decode(bytes: Uint8Array, size: number | undefined): Promise<Decoded> {
  const full = sharp(bytes, { limitInputPixels: mostPixels, failOn: "truncated" });
  const image = size === undefined ? full : full.resize(size, size, { fit: "cover" });
  const { data, info } = await image.toColourspace("srgb").removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const area = width * height;
  const planes = new Uint8Array(3 * area);
  for (let i = 0; i < area; i++) {
    // A grey image has one channel for all three.
    for (let plane = 0; plane < 3; plane++) planes[plane * area + i] = data[i * channels + (plane % channels)] ?? 0;
  }
  return { planes, height, width };
}

/** Decodes files in order, some at a time. */
async function* decodeAll(
  files: AsyncIterable<ImageFile>,
  size: number | undefined,
): AsyncGenerator<readonly [path: string, Decoded | Error]> {
  let batch: ImageFile[] = [];
  const flush = async () => {
    const results = await Promise.allSettled(batch.map(({ bytes }) => decode(bytes, size)));
    const named = results.map((result, i) => {
      const value = result.status === "fulfilled" ? result.value : (result.reason as Error);
      return [batch[i]?.path ?? "", value] as const;
    });
    batch = [];
    return named;
  };
  for await (const file of files) {
    batch.push(file);
    if (batch.length === together) yield* await flush();
  }
  yield* await flush();
}

/**
 * The images of a folder with a folder for each class, or of a tar archive of such: JPEG, PNG or WebP, all of one size, in colour. The class
 * is the name of the folder that a file lies in; classes are in alphabetical order.
 * @throws UsageError where there is nothing at the path; FailureError in one line naming the file that is damaged or of another size
 * (unless `skipBad`), or that leads out of the archive
 */
export async function readClassFiles(
  path: string,
  { skipBad = false, imageSize }: ClassFilesOptions = {},
): Promise<ImageSet> {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file or folder`);
  const files = statSync(path).isDirectory() ? filesIn(path) : filesOfTar(path);
  const found: { folder: string; planes: Uint8Array }[] = [];
  const skipped: { file: string; reason: string }[] = [];
  let size: readonly [height: number, width: number] | undefined;
  for await (const [file, image] of decodeAll(files, imageSize)) {
    const problem = problemOf(file, image, size);
    if (problem === undefined && !(image instanceof Error)) {
      size ??= [image.height, image.width];
      found.push({ folder: folderOf(file) ?? "", planes: image.planes });
    } else if (skipBad) skipped.push({ file, reason: problem ?? "" });
    else throw new FailureError(`${path}: ${file} ${problem}`);
  }

  const classes = [...new Set(found.map(({ folder }) => folder))].sort();
  const indexOf = new Map(classes.map((name, i) => [name, i]));
  const [height, width] = size ?? [0, 0];
  const images = new Uint8Array(found.length * 3 * height * width);
  found.forEach(({ planes }, i) => {
    images.set(planes, i * planes.length);
  });
  const labels = Uint16Array.from(found, ({ folder }) => indexOf.get(folder) ?? 0);
  return checkedSet({ name: path, images, image: [3, height, width], labels, classes, skipped });
}

const folderOf = (file: string): string | undefined => file.split(/[/\\]/).at(-2);

/** What is wrong with a file, to follow its name; undefined: nothing. */
function problemOf(
  file: string,
  image: Decoded | Error,
  size: readonly [number, number] | undefined,
): string | undefined {
  if (image instanceof Error) return `can't be decoded: ${image.message.split("\n")[0]}`;
  if (folderOf(file) === undefined) return "lies in no class's folder";
  const isOther = size && (image.height !== size[0] || image.width !== size[1]);
  return isOther ? `is ${image.height}×${image.width}, but the ones before it are ${size.join("×")}` : undefined;
}
