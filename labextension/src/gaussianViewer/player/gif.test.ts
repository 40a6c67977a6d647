import assert from "node:assert/strict";
import { test } from "vitest";
import { Gif } from "./gif.js";

/** A picture of one colour with one red pixel. */
function picture(width: number, height: number, grey: number): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray(4 * width * height).fill(grey);
  for (let i = 3; i < rgba.length; i += 4) rgba[i] = 255;
  rgba.set([255, 0, 0, 255], 0);
  return rgba;
}

/** Delays in hundredths of a second of all graphic control extensions. */
function delaysOf(bytes: Uint8Array): number[] {
  const delays: number[] = [];
  for (let i = 0; i + 7 < bytes.length; i++) {
    if (bytes[i] === 0x21 && bytes[i + 1] === 0xf9 && bytes[i + 2] === 4 && bytes[i + 7] === 0) {
      delays.push(bytes[i + 4]! + 256 * bytes[i + 5]!);
    }
  }
  return delays;
}

test("a GIF has its size, all frames, and repeats without end", () => {
  const gif = new Gif(20, 10, 10);
  for (const grey of [0, 128, 255]) gif.add(picture(20, 10, grey));
  const bytes = gif.finish();
  const text = Buffer.from(bytes).toString("latin1");
  assert.equal(text.slice(0, 6), "GIF89a");
  assert.deepEqual([bytes[6], bytes[8]], [20, 10]);
  assert.deepEqual(delaysOf(bytes), [10, 10, 10]);
  const loop = text.indexOf("NETSCAPE2.0");
  assert.ok(loop > 0);
  assert.deepEqual([...bytes.subarray(loop + 11, loop + 16)], [3, 1, 0, 0, 0]);
  assert.equal(bytes.at(-1), 0x3b);
});

test("rates that are no whole hundredths of a second are kept in the mean; none is faster than browsers play", () => {
  const delays = (framesPerSecond: number) => {
    const gif = new Gif(2, 2, framesPerSecond);
    for (let frame = 0; frame < 12; frame++) gif.add(picture(2, 2, 20 * frame));
    return delaysOf(gif.finish());
  };
  const twelve = delays(12);
  assert.equal(
    twelve.reduce((sum, delay) => sum + delay, 0),
    100,
  );
  assert.deepEqual(new Set(twelve), new Set([8, 9]));
  assert.deepEqual(new Set(delays(60)), new Set([2]));
});
