import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameStore } from "./frameStore.ts";

test("live frames keep their numbers while any others are pushed and released, whatever the block size", () => {
  const frameSize = 2;
  const operations = fc.array(fc.record({ push: fc.nat(6), release: fc.nat(6) }), { maxLength: 12, size: "max" });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), operations, (framesPerBlock, script) => {
      const store = new FrameStore(frameSize, framesPerBlock);
      const target = new Float32Array(frameSize + 2);
      let oldest = 0;
      let end = 0;
      for (const { push, release } of script) {
        for (let i = 0; i < push; i++) {
          expect(store.push([end, -end - 1])).toBe(end);
          end++;
        }
        oldest = Math.min(end, oldest + release);
        store.release(oldest);
        const live = Array.from({ length: end - oldest }, (_, index) => oldest + index);
        const copied = live.map((frame) => {
          store.copy(frame, target.fill(0.5), 1);
          return Array.from(target);
        });
        expect(copied).toEqual(live.map((frame) => [0.5, frame, -frame - 1, 0.5]));
        expect(live.every((frame) => store.holds(frame, [frame, -frame - 1]))).toBe(true);
        expect(live.some((frame) => store.holds(frame, [frame, -frame]))).toBe(false);
        expect(live.some((frame) => store.holds(frame, [frame + 1, -frame - 1]))).toBe(false);
      }
    }),
  );
});

test("a frame that was released with its block, or never pushed, is refused", () => {
  const store = new FrameStore(1, 2);
  for (let frame = 0; frame < 5; frame++) store.push([frame]);
  store.release(4);
  expect(() => store.copy(3, new Float32Array(1), 0)).toThrow("frame 3 is not stored");
  expect(() => store.copy(6, new Float32Array(1), 0)).toThrow("frame 6 is not stored");
});
