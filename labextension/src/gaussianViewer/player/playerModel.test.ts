import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "vitest";
import { fakeViewer } from "../viewer.test.helper.js";
import { PlayerModel } from "./playerModel.js";

/** A player of three frames of one Gaussian, whose x is 0, 0.5 and 1. */
function playing({ reducedMotion = false } = {}) {
  const frames = new Uint16Array(15);
  for (const [frame, x] of [0, 32767, 65535].entries()) frames[5 * frame] = x;
  const viewer = fakeViewer({ frames, frameCount: 3 });
  const shown: number[] = [];
  const rested: number[] = [];
  const player = new PlayerModel(viewer, {
    onFrame: (gaussians, frame) => {
      assert.ok(Math.abs(gaussians[0]! - frame / 2) < 1e-4);
      shown.push(frame);
    },
    onRest: (frame) => rested.push(frame),
    reducedMotion: () => reducedMotion,
  });
  return { viewer, player, shown, rested, arrive: () => viewer.set({ frames, frameCount: 3 }) };
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const players: PlayerModel[] = [];
beforeEach(() => (players.length = 0));
afterEach(() => {
  for (const player of players) player.dispose();
});

test("a new path plays back and forth until it is paused, and reports the frame at which it stops", async () => {
  const { player, shown, rested, arrive } = playing();
  players.push(player);
  arrive();
  assert.equal(player.playing, true);
  while (shown.length < 6) await wait(5);
  assert.deepEqual(shown.slice(0, 6), [0, 1, 2, 1, 0, 1]);
  player.toggle();
  assert.equal(player.playing, false);
  assert.deepEqual(rested, [shown.at(-1)]);
});

test("a new path does not play by itself where the user prefers reduced motion", () => {
  const { player, shown, arrive } = playing({ reducedMotion: true });
  arrive();
  assert.equal(player.playing, false);
  assert.deepEqual(shown, []);
});

test("a dragged slider shows its frame, and the path is at rest a moment later", async () => {
  const { player, shown, rested } = playing();
  players.push(player);
  player.scrub(1);
  player.scrub(2);
  assert.deepEqual([shown, rested, player.frame], [[1, 2], [], 2]);
  await wait(300);
  assert.deepEqual(rested, [2]);
});

test("when the viewer shows something else the path stops without being at rest", () => {
  const { player, rested } = playing();
  player.play();
  player.giveWay();
  assert.deepEqual([player.playing, player.frame, player.lastFrame, rested], [false, undefined, 0, []]);
});

test("the speed is shared with the kernel, and a path that is taken away stops", () => {
  const { player, viewer } = playing();
  player.framesPerSecond = 24;
  assert.deepEqual(viewer.changes, [{ framesPerSecond: 24 }]);
  assert.equal(player.stepsOfRound, 4);
  player.play();
  viewer.set({ frames: new Uint16Array(), frameCount: 0 });
  assert.equal(player.playing, false);
});
