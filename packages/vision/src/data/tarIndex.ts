/** Where the files in a tar archive lie. Only headers are read, so that archives of any size are indexed in little memory. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { FailureError, fileFailure } from "@era/lab";
import { Header, type HeaderData, Pax } from "tar";

/** One file in an archive: its bytes begin at `offset`. */
export interface TarEntry {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

const block = 512;
/** Extended headers hold names; one that announces more lies. */
const mostHeaderBytes = 2 ** 20;
const extendedHeaders = ["ExtendedHeader", "OldExtendedHeader"];
const longPaths = ["NextFileHasLongPath", "OldGnuLongPath"];
const otherHeaders = ["GlobalExtendedHeader", "NextFileHasLongLinkpath"];
const files = ["File", "OldFile", "ContiguousFile"];

/** Whether a name within an archive could mean a place outside of where it is unpacked. */
const leadsOut = (name: string): boolean =>
  name.startsWith("/") || /[\\\0]/.test(name) || /^[a-z]:/i.test(name) || name.split("/").includes("..");

/**
 * Every regular file of a tar archive (ustar, pax, GNU), in its order. Nothing is written to disk; sizes that headers announce are compared with
 * the archive's.
 * @throws FailureError in one line where a header is damaged, a name leads out of the archive, or the archive ends within a file
 */
export function* tarEntries(archive: string): Generator<TarEntry> {
  let file: number;
  try {
    file = openSync(archive, "r");
  } catch (error) {
    throw fileFailure(archive, "read", error);
  }
  try {
    yield* entriesOf(file, archive);
  } catch (error) {
    throw fileFailure(archive, "read", error);
  } finally {
    closeSync(file);
  }
}

function* entriesOf(file: number, archive: string): Generator<TarEntry> {
  const end = fstatSync(file).size;
  const bytes = Buffer.alloc(block);
  /** What extended headers say of the next file. */
  let extended: HeaderData | undefined;
  for (let position = 0; position < end; ) {
    if (position + block > end) throw new FailureError(`${archive}: ends within a header`);
    readSync(file, bytes, 0, block, position);
    const header = new Header(bytes, 0, extended);
    // A block of zeros ends an archive.
    if (header.nullBlock) return;
    if (!header.cksumValid) {
      throw new FailureError(
        position === 0 ? `${archive}: is no tar archive` : `${archive}: its header at byte ${position} is damaged`,
      );
    }
    const { path: name = "", size = 0, type } = header;
    const offset = position + block;
    if (!Number.isSafeInteger(size) || offset + size > end) {
      throw new FailureError(`${archive}: ends within ${name}, which is announced with ${size} bytes`);
    }
    position = offset + block * Math.ceil(size / block);
    if (extendedHeaders.includes(type) || longPaths.includes(type)) {
      if (size > mostHeaderBytes) throw new FailureError(`${archive}: a header is announced with ${size} bytes`);
      const body = Buffer.alloc(size);
      readSync(file, body, 0, size, offset);
      const text = body.toString();
      extended = longPaths.includes(type)
        ? { ...extended, path: text.replace(/\0.*/s, "") }
        : { ...Pax.parse(text, extended) };
      continue;
    }
    if (otherHeaders.includes(type)) continue;
    extended = undefined;
    if (leadsOut(name)) throw new FailureError(`${archive}: the name "${name}" leads out of the archive`);
    if (files.includes(type)) yield { name: name.replace(/^(\.\/)+/, ""), offset, size };
  }
}
