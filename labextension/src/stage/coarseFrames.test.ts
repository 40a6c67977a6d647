import assert from "node:assert/strict";
import type * as NglTypes from "ngl";
import { afterEach, beforeEach, test, vi } from "vitest";
import { CoarseFrames } from "./coarseFrames.js";

/** Milliseconds from one animation frame to the next. */
let frameTime = 16;

beforeEach(() => {
  frameTime = 16;
  vi.useFakeTimers();
  vi.stubGlobal("devicePixelRatio", 2);
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => setTimeout(draw, frameTime));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Frames of a viewer that notes with how many pixels for each CSS pixel it draws. */
function frames() {
  const drawn: number[] = [];
  let ratio = 2;
  const viewer = {
    renderer: { setPixelRatio: (one: number) => (ratio = one) },
    render: () => drawn.push(ratio),
  } as unknown as NglTypes.Viewer;
  return { coarse: new CoarseFrames(viewer), drawn };
}

test("what moves is coarse from its first movement until it rests, and sharp then", () => {
  const { coarse, drawn } = frames();
  coarse.moved();
  assert.deepEqual(drawn, [1]);
  for (let i = 0; i < 5; i++) {
    vi.advanceTimersByTime(200);
    coarse.moved();
  }
  assert.deepEqual([drawn, coarse.active], [[1], true]);
  vi.advanceTimersByTime(1000);
  assert.deepEqual([drawn, coarse.active], [[1, 2], false]);
});

test("frames stay coarse while they take longer than the time of rest", () => {
  const { coarse, drawn } = frames();
  frameTime = 1000;
  for (let i = 0; i < 5; i++) {
    coarse.moved();
    vi.advanceTimersByTime(1000);
  }
  assert.deepEqual([drawn, coarse.active], [[1], true]);
  vi.advanceTimersByTime(4000);
  assert.deepEqual([drawn, coarse.active], [[1, 2], false]);
});

test("a picture that is saved is sharp at once", () => {
  const { coarse, drawn } = frames();
  coarse.end();
  assert.deepEqual(drawn, []);
  coarse.moved();
  coarse.end();
  vi.advanceTimersByTime(1000);
  assert.deepEqual(drawn, [1, 2]);
});

test("a closed view is not drawn again", () => {
  const { coarse, drawn } = frames();
  coarse.moved();
  coarse.cancel();
  vi.advanceTimersByTime(1000);
  assert.deepEqual(drawn, [1]);
});
