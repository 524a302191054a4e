import { Vector3 } from "three";
import { describe, expect, it } from "vitest";
import { Figure } from "./figure.ts";
import { Path } from "./path.ts";
import { movingReplay } from "./replay.fixture.ts";
import { decodeReplay, encodeReplay } from "./replay.ts";
import { Timeline } from "./timeline.ts";

describe("a replay as text", () => {
  it("comes back with every number and every kind of array", async () => {
    const replay = movingReplay(400, 0.01);
    const text = await encodeReplay(replay);
    expect(text).toMatch(/^[A-Za-z0-9+/]+=*$/);
    expect(await decodeReplay(text)).toEqual(replay);
  });

  it("is refused where it is damaged", async () => {
    const text = await encodeReplay(movingReplay(40, 0.01));
    await expect(decodeReplay(text.slice(0, text.length / 2))).rejects.toThrow();
  });
});

describe("Timeline", () => {
  const timeline = new Timeline(movingReplay(11, 0.1));

  it("finds the state before a moment and the way to the next", () => {
    expect(timeline.at(0)).toEqual({ index: 0, part: 0 });
    expect(timeline.at(0.25)).toEqual({ index: 2, part: expect.closeTo(0.5, 5) });
    expect(timeline.at(1)).toEqual({ index: 10, part: 0 });
    expect(timeline.at(7)).toEqual({ index: 10, part: 0 });
    expect(timeline.at(-1)).toEqual({ index: 0, part: 0 });
  });

  it("comes back to the state whose time it gives", () => {
    for (let i = 0; i <= 10; i++) {
      expect(timeline.at(timeline.secondsOf(i))).toEqual({ index: i, part: 0 });
      // Also where a program computes it in float64.
      expect(timeline.at(i * 0.1)).toEqual({ index: i, part: 0 });
    }
  });

  it("adds up the rewards before a state", () => {
    expect([0, 1, 2, 10].map((i) => timeline.returnAt(i))).toEqual([0, 0, 1, 45]);
  });
});

describe("Figure", () => {
  const figure = new Figure(movingReplay(11, 0.2), []);

  it("poses bodies between the states", () => {
    figure.pose(3, 0.5);
    expect(figure.object.children[1]?.position.toArray()).toEqual([0.7, 0, 1].map((value) => expect.closeTo(value, 5)));
    figure.pose(10, 0);
    expect(figure.object.children[1]?.position.x).toBeCloseTo(2, 5);
    expect(figure.object.children[2]?.position.toArray()).toEqual([3, 4, 5]);
  });

  it("measures what moves only", () => {
    // The ball's bounding box of half a metre each way.
    expect(figure.size).toBeCloseTo(0.5 * Math.sqrt(3), 5);
  });
});

describe("Path", () => {
  it("follows what moves evenly, far from the ends exactly", () => {
    const path = new Path(movingReplay(101, 0.5), 1);
    expect(path.at(50, 0.5, new Vector3()).toArray()).toEqual([25.25, 0, 1].map((value) => expect.closeTo(value, 4)));
  });

  it("stands still where the robot stays at its place", () => {
    const path = new Path(movingReplay(11, 0.05), 1);
    const [first, last] = [path.at(0, 0, new Vector3()), path.at(10, 0, new Vector3())];
    expect(first.distanceTo(last)).toBe(0);
    expect(first.x).toBeCloseTo(0.25, 4);
  });
});
