import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { add, contents, rows, transitions, xorshift } from "./replay.fixture.ts";
import { createReplayBatch } from "./replayBatch.ts";
import { ReplayBuffer } from "./replayBuffer.ts";
import { appendReplay, pruneReplay, restoreReplay } from "./replayLog.ts";
import { type ReplayManifest, segmentFile } from "./replayManifest.ts";

const layout = { observationSize: 3, actionSize: 2 };
const streams = transitions(layout.observationSize, layout.actionSize, 40);
const capacities = fc.integer({ min: 1, max: 12 });
/** A record is 32 or 44 bytes: from one record a segment to some ten. */
const segmentSizes = fc.integer({ min: 1, max: 400 });

/**
 * Properties that write files are slow, and shrinking a failure of theirs may take minutes: what is found by then will
 * do.
 */
const onDisk = { numRuns: 50, interruptAfterTimeLimit: 15_000 };

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "era-replay-"));
  folders.push(folder);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function files(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), "hex")]),
  );
}

/** What must be equal for a resumed run to go on bit-exactly. */
function state(buffer: ReplayBuffer) {
  const batch = createReplayBatch(20, layout.observationSize, layout.actionSize);
  if (buffer.size > 0) buffer.sample(xorshift(3), batch);
  return { count: buffer.count, size: buffer.size, contents: contents(buffer), drawn: rows(batch) };
}

/** A checkpoint as it would be read back: through JSON. */
function stored(manifest: ReplayManifest): ReplayManifest {
  return JSON.parse(JSON.stringify(manifest));
}

/** A buffer of 20 transitions in 5 segments, and its log. */
function example() {
  const folder = newFolder();
  const buffer = new ReplayBuffer({ ...layout, capacity: 100 });
  for (let t = 0; t < 20; t++) buffer.add([t, t, t], [t, 0], t, t % 5 === 4, [t + 1, t + 1, t + 1]);
  return { folder, buffer, manifest: appendReplay(folder, buffer, undefined, 120) };
}

describe("round trips", () => {
  test("every checkpoint gives its buffer back, also when transitions came and went between two", () => {
    fc.assert(
      fc.property(
        capacities,
        streams,
        segmentSizes,
        fc.integer({ min: 1, max: 20 }),
        (capacity, stream, size, every) => {
          const folder = newFolder();
          const buffer = new ReplayBuffer({ ...layout, capacity });
          let manifest = appendReplay(folder, buffer, undefined, size);
          expect(state(restoreReplay(folder, stored(manifest)))).toEqual(state(buffer));
          for (const [index, transition] of stream.entries()) {
            add(buffer, transition);
            if (index % every !== every - 1) continue;
            manifest = appendReplay(folder, buffer, stored(manifest), size);
            expect(state(restoreReplay(folder, stored(manifest)))).toEqual(state(buffer));
          }
        },
      ),
      onDisk,
    );
  });

  test("a run that was resumed at any checkpoint writes what an uninterrupted run writes", () => {
    fc.assert(
      fc.property(capacities, streams, segmentSizes, fc.nat(39), (capacity, stream, size, at) => {
        const middle = Math.min(at, stream.length);
        const [folder, copy] = [newFolder(), newFolder()];
        const buffer = new ReplayBuffer({ ...layout, capacity });
        for (const transition of stream.slice(0, middle)) add(buffer, transition);
        const manifest = appendReplay(folder, buffer, undefined, size);
        cpSync(folder, copy, { recursive: true });
        const resumed = restoreReplay(copy, stored(manifest));
        for (const transition of stream.slice(middle)) {
          add(buffer, transition);
          add(resumed, transition);
        }
        const last = appendReplay(folder, buffer, manifest, size);
        expect(appendReplay(copy, resumed, stored(manifest), size)).toEqual(last);
        expect(files(copy)).toEqual(files(folder));
        expect(state(resumed)).toEqual(state(buffer));
      }),
      onDisk,
    );
  });

  test("an observation that two transitions share is written once", () => {
    const { manifest } = example();
    // 32 bytes a transition, and 12 more for the first of each of the 5 segments.
    expect(manifest.segments.map(({ bytes }) => bytes)).toEqual([140, 140, 140, 140, 140]);
  });

  test("an append neither reads nor writes full segments", () => {
    const { folder, buffer, manifest } = example();
    const before = files(folder);
    for (const { number } of manifest.segments.slice(0, -1)) rmSync(join(folder, segmentFile(number)));
    buffer.add([20, 20, 20], [0, 0], 0, false, [21, 21, 21]);
    const next = appendReplay(folder, buffer, manifest, 200);
    expect(next.segments.slice(0, -1)).toEqual(manifest.segments.slice(0, -1));
    expect(Object.keys(files(folder))).toEqual(["segment-000004.bin"]);
    expect(files(folder)["segment-000004.bin"]).toMatch(new RegExp(`^${before["segment-000004.bin"]}[0-9a-f]{64}$`));
  });
});

describe("a run killed at any moment of an append", () => {
  /** Every folder that a kill can leave: the append's writes, in order, cut after each step (of `stride` bytes). */
  function* interrupted(before: Record<string, string>, after: Record<string, string>, stride: number) {
    const folder: Record<string, string> = { ...before };
    yield { ...folder };
    for (const [name, content] of Object.entries(after)) {
      const kept = before[name]?.length ?? 0;
      for (let length = kept; length < content.length; length += 2 * stride) {
        folder[name] = content.slice(0, length);
        yield { ...folder };
      }
      folder[name] = content;
      yield { ...folder };
    }
  }

  function write(folder: string, content: Record<string, string>) {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    for (const [name, bytes] of Object.entries(content)) writeFileSync(join(folder, name), bytes, "hex");
  }

  test("is resumed from its last checkpoint as if nothing had happened", () => {
    fc.assert(
      fc.property(capacities, streams, segmentSizes, fc.nat(39), (capacity, stream, size, at) => {
        const middle = Math.min(at, stream.length);
        const folder = newFolder();
        const buffer = new ReplayBuffer({ ...layout, capacity });
        for (const transition of stream.slice(0, middle)) add(buffer, transition);
        const manifest = appendReplay(folder, buffer, undefined, size);
        const expected = state(buffer);
        const before = files(folder);
        for (const transition of stream.slice(middle)) add(buffer, transition);
        const last = appendReplay(folder, buffer, manifest, size);
        const after = files(folder);

        const left = [...interrupted(before, after, 61)];
        for (const content of left) {
          write(folder, content);
          expect(state(restoreReplay(folder, manifest))).toEqual(expected);
        }
        // Going on: once is enough for each stream, with garbage for what the killed run wrote.
        write(folder, left.at(middle % left.length) ?? before);
        for (const { number, bytes } of manifest.segments.slice(-1)) {
          const path = join(folder, segmentFile(number));
          truncateSync(path, bytes);
          appendFileSync(path, "garbage of any length");
        }
        writeFileSync(join(folder, segmentFile(997)), "more of it");
        const resumed = restoreReplay(folder, manifest);
        expect(state(resumed)).toEqual(expected);
        for (const transition of stream.slice(middle)) add(resumed, transition);
        expect(appendReplay(folder, resumed, manifest, size)).toEqual(last);
        expect(files(folder)).toEqual(after);
      }),
      onDisk,
    );
  });

  test("before its first checkpoint starts again over what it left", () => {
    const { folder, buffer, manifest } = example();
    const whole = files(folder);
    expect(appendReplay(folder, buffer, undefined, 120)).toEqual(manifest);
    expect(files(folder)).toEqual(whole);
  });
});

describe("pruning", () => {
  test("keeps what the last two checkpoints need, and no more than a bounded amount", () => {
    fc.assert(
      fc.property(
        capacities,
        streams,
        segmentSizes,
        fc.integer({ min: 1, max: 8 }),
        (capacity, stream, size, every) => {
          const folder = newFolder();
          const buffer = new ReplayBuffer({ ...layout, capacity });
          let manifests: ReplayManifest[] = [];
          let states: ReturnType<typeof state>[] = [];
          for (const [index, transition] of stream.entries()) {
            add(buffer, transition);
            if (index % every !== every - 1) continue;
            manifests = [...manifests, appendReplay(folder, buffer, manifests.at(-1), size)].slice(-2);
            states = [...states, state(buffer)].slice(-2);
            for (const { first, count } of manifests.at(-1)?.segments ?? []) {
              expect(first + count).toBeGreaterThan(buffer.oldest);
            }
            const [oldest] = manifests;
            if (oldest !== undefined) pruneReplay(folder, oldest);
            expect(manifests.map((manifest) => state(restoreReplay(folder, manifest)))).toEqual(states);
            const needed = new Set(
              manifests.flatMap(({ segments }) => segments.map(({ number }) => segmentFile(number))),
            );
            expect(readdirSync(folder).sort()).toEqual([...needed].sort());
          }
        },
      ),
      onDisk,
    );
  });

  test("leaves other files alone", () => {
    const { folder, manifest } = example();
    writeFileSync(join(folder, "notes.txt"), "");
    writeFileSync(join(folder, "segment-0.bin.old"), "");
    pruneReplay(folder, { ...manifest, segments: manifest.segments.slice(3) });
    expect(readdirSync(folder).sort()).toEqual([
      "notes.txt",
      "segment-0.bin.old",
      "segment-000003.bin",
      "segment-000004.bin",
    ]);
  });
});

describe("refusals", () => {
  test("any changed byte of what the checkpoint needs is found, and the segment named", () => {
    const { folder, manifest } = example();
    fc.assert(
      fc.property(fc.nat(4), fc.nat(139), fc.integer({ min: 1, max: 255 }), (number, at, change) => {
        const path = join(folder, segmentFile(number));
        const content = readFileSync(path);
        const damaged = Buffer.from(content);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        writeFileSync(path, damaged);
        expect(() => restoreReplay(folder, manifest)).toThrow(`${path} is corrupt`);
        writeFileSync(path, content);
      }),
      onDisk,
    );
  });

  test("a shortened or missing segment is named, by a restore and by an append that needs it", () => {
    const { folder, buffer, manifest } = example();
    const path = join(folder, segmentFile(4));
    truncateSync(path, 139);
    expect(() => restoreReplay(folder, manifest)).toThrow(
      `${path} is truncated: it has 139 bytes, the checkpoint needs 140`,
    );
    buffer.add([20, 20, 20], [0, 0], 0, false, [21, 21, 21]);
    expect(() => appendReplay(folder, buffer, manifest, 200)).toThrow(`${path} is truncated`);
    expect(readFileSync(path).length).toBe(139);
    rmSync(path);
    expect(() => restoreReplay(folder, manifest)).toThrow(`${path} is missing`);
    expect(() => appendReplay(folder, buffer, manifest, 200)).toThrow(`${path} is missing`);
  });

  test("a damaged or foreign manifest is named in one line", () => {
    const { folder, manifest } = example();
    const segments = (change: (segments: ReplayManifest["segments"]) => unknown) => ({
      ...manifest,
      segments: change(structuredClone(manifest.segments)),
    });
    const cases: [unknown, RegExp][] = [
      [undefined, /^replay manifest: .*expected object/],
      [{ ...manifest, version: 2 }, /^replay manifest: version: /],
      [{ ...manifest, capacity: 0 }, /^replay manifest: capacity: /],
      [{ ...manifest, count: 21 }, /^replay manifest: the segments do not join up/],
      [{ ...manifest, segments: [] }, /do not join up/],
      [segments((all) => all.slice(1)), /do not join up/],
      [segments((all) => all.filter((_, index) => index !== 2)), /do not join up/],
      [segments((all) => all.map((each) => ({ ...each, bytes: -1 }))), /^replay manifest: segments: 0: bytes: /],
      [{ ...manifest, actionSize: 3 }, /does not hold 4 such transitions/],
      [{ ...manifest, observationSize: 1 }, /does not hold 4 such transitions/],
    ];
    for (const [bad, message] of cases) {
      expect(() => restoreReplay(folder, bad)).toThrow(message);
      expect(() => restoreReplay(folder, bad)).toThrow(/^[^\n]*$/);
    }
  });

  test("an append to the log of another run is refused and changes nothing", () => {
    const { folder, manifest } = example();
    const before = files(folder);
    const wider = new ReplayBuffer({ ...layout, observationSize: 4, capacity: 100 });
    expect(() => appendReplay(folder, wider, manifest)).toThrow(/observationSize is 3, the buffer's is 4/);
    const smaller = new ReplayBuffer({ ...layout, capacity: 99 });
    expect(() => appendReplay(folder, smaller, manifest)).toThrow(/capacity is 100, the buffer's is 99/);
    const younger = new ReplayBuffer({ ...layout, capacity: 100 });
    expect(() => appendReplay(folder, younger, manifest)).toThrow(/has 20 transitions, the buffer only 0/);
    expect(files(folder)).toEqual(before);
  });

  test("a folder that cannot be written to is named", () => {
    const { folder, buffer } = example();
    const path = join(folder, segmentFile(0));
    expect(() => appendReplay(path, buffer)).toThrow(path);
  });
});
