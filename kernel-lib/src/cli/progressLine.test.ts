import assert from "node:assert/strict";
import { test } from "vitest";
import { ProgressLine } from "./progressLine";

/** A stream that records its text, and a manual clock. */
function setup(stream: { isTTY?: boolean; columns?: number }) {
  const written: string[] = [];
  const clock = { time: 1e6 };
  const line = new ProgressLine({ ...stream, write: (text) => written.push(text) }, () => clock.time);
  return { written, clock, line };
}

const at = (done: number, note?: string) => ({ task: "epoch 1", done, total: 200, ...(note && { note }) });

test("on a terminal one line is updated at a limited rate, and cleared for other text", () => {
  const { written, clock, line } = setup({ isTTY: true, columns: 80 });
  line.show(at(0));
  line.show(at(1));
  clock.time += 150;
  line.show(at(101, "FRC 0.812"));
  line.clear();
  line.clear();
  assert.deepEqual(written, ["\r\x1b[2Kepoch 1: 0 %", "\r\x1b[2Kepoch 1: 50 %, FRC 0.812", "\r\x1b[2K"]);
});

test("a line longer than the terminal is truncated", () => {
  const { written, line } = setup({ isTTY: true, columns: 10 });
  line.show(at(200));
  assert.equal(written[0], "\r\x1b[2Kepoch 1: ");
});

test("a log gets a line every 15 s, and none for short tasks", () => {
  const { written, clock, line } = setup({});
  for (let second = 0; second < 40; second++) {
    line.show(at(5 * second));
    clock.time += 1000;
  }
  line.clear();
  assert.deepEqual(written, ["epoch 1: 37 %\n", "epoch 1: 75 %\n"]);
});
