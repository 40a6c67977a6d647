import assert from "node:assert/strict";
import { test } from "vitest";
import { frameAfter, stepsOfRound, unpackedFrame } from "./frames.js";

test("a frame is unpacked to the range of each parameter", () => {
  const frames = new Uint16Array(2 * 5 * 2);
  // Second frame: x of the first Gaussian at the end of its range, sigma of the second in the middle
  frames[10] = 65535;
  frames[10 + 9] = 32768;
  const packed = { frames, frameCount: 2, frameLow: [-0.5, 0, 0, 0, 1], frameHigh: [0.5, 0, 0, 1, 2] };
  const first = unpackedFrame(packed, 0);
  const second = unpackedFrame(packed, 1);
  assert.deepEqual([...first], [-0.5, -0.5, 0, 0, 0, 0, 0, 0, 1, 1]);
  assert.equal(second[0], 0.5);
  assert.ok(Math.abs(second[9]! - 1.5) < 1e-4);
});

test("a path goes back and forth without repeating its ends, or starts again", () => {
  const order = (back: boolean) => Array.from({ length: 8 }, (_, step) => frameAfter(step, 4, back));
  assert.deepEqual(order(true), [0, 1, 2, 3, 2, 1, 0, 1]);
  assert.deepEqual(order(false), [0, 1, 2, 3, 0, 1, 2, 3]);
  assert.equal(frameAfter(5, 1, true), 0);
  assert.deepEqual([stepsOfRound(4, true), stepsOfRound(4, false), stepsOfRound(1, true)], [6, 4, 1]);
});
