import { closeSync, openSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { writeFully } from "../atomicFile.ts";
import type { Metrics } from "../metrics.ts";
import { crc32c } from "./crc32c.ts";
import { EventSchema, SessionLog_SessionStatus } from "./event_pb.ts";

export interface EventFileOptions {
  /** Tells the sessions of a run apart and orders them: 0 for the first. */
  readonly session: number;
  /**
   * In a resumed run, the first step to come: TensorBoard then drops what earlier files say of this step and later
   * ones.
   */
  readonly purgeStep?: number;
  /** Seconds since 1970. */
  readonly now?: () => number;
}

/**
 * A TensorBoard event file of scalars in a run folder, for `tensorboard --logdir` on it or any folder above. Each
 * record survives a kill.
 */
export class EventFile {
  readonly #file: number;
  readonly #now: () => number;
  #bytes = 0;

  constructor(dir: string, { session, purgeStep, now = () => Date.now() / 1000 }: EventFileOptions) {
    this.#now = now;
    const seconds = String(Math.floor(now())).padStart(10, "0");
    // TensorBoard reads a folder's files in the order of their names.
    const name = `events.out.tfevents.${seconds}.${String(session).padStart(4, "0")}.${hostname()}`;
    this.#file = openSync(join(dir, name), "w");
    this.#write({ what: { case: "fileVersion", value: "brain.Event:2" } });
    if (purgeStep !== undefined) {
      const status = SessionLog_SessionStatus.START;
      this.#write({ step: BigInt(purgeStep), what: { case: "sessionLog", value: { status } } });
    }
  }

  /** Appends the metrics of one step. */
  log(step: number, metrics: Metrics): void {
    const value = Object.entries(metrics).map(([tag, metric]) => ({
      tag,
      value: { case: "simpleValue" as const, value: metric },
    }));
    this.#write({ step: BigInt(step), what: { case: "summary", value: { value } } });
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(event: MessageInitShape<typeof EventSchema>): void {
    const record = tfRecord(toBinary(EventSchema, create(EventSchema, { wallTime: this.#now(), ...event })));
    writeFully(this.#file, record, this.#bytes);
    this.#bytes += record.length;
  }
}

/**
 * The TFRecord framing of event files: length (64 bits), its checksum, the data, their checksum, little-endian.
 * Checksums are CRC-32C, rotated and shifted by a constant (tensorflow/core/lib/hash/crc32c.h).
 */
function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(8 + 4 + data.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return record;
}

const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
