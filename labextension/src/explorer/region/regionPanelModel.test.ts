import assert from "node:assert/strict";
import type { SetState } from "e2gmm/messages/explorer";
import type { RegionAction, RegionAnswer, RegionState } from "e2gmm/messages/region";
import { afterEach, beforeEach, test, vi } from "vitest";
import { nextName, RegionPanelModel } from "./regionPanelModel.js";

const state: RegionState = {
  bodies: [],
  chains: [],
  chainFile: "",
  masks: ["arm"],
  out: "run_round2",
  cpus: 8,
};
const set: SetState = {
  id: "set1",
  name: "closed",
  colour: "#0072b2",
  marker: "circle",
  count: 12,
  map: null,
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function panel(answer: (action: RegionAction) => RegionAnswer = () => ({ state })) {
  const asked: RegionAction[] = [];
  const region = { current: Uint8Array.of(1, 0, 1) };
  const model = new RegionPanelModel({
    ask: async (action) => {
      asked.push(action);
      return answer(action);
    },
    sets: () => [set],
    selected: () => 3,
    maps: () => ["closed", "open"],
    region: () => region.current,
  });
  return { model, asked, region };
}

test("the summary counts the Gaussians, and the state is asked for once", async () => {
  const { model, asked } = panel();
  assert.equal(model.summary, "2 of 3 Gaussians are in the region.");
  model.open();
  await vi.runAllTimersAsync();
  model.open();
  assert.equal(asked.filter(({ act }) => act === "state").length, 1);
  assert.equal(model.mask, "arm");
});

test("parts, chains and maps are added or taken out as chosen", async () => {
  const { model, asked } = panel();
  model.set({ mode: "subtract", file: "a.pdb", distance: "4", bodies: "4" });
  await model.findBodies();
  await model.addBody(1);
  await model.readChains();
  await model.addChain("B");
  await model.addMap();
  assert.deepEqual(
    asked.filter(({ act }) => act !== "plan"),
    [
      { act: "bodies", count: 4 },
      { act: "body", body: 1, mode: "subtract" },
      { act: "chains", file: "a.pdb", distance: 4 },
      { act: "chain", chain: "B", mode: "subtract" },
      { act: "map", map: "closed", mode: "subtract" },
    ],
  );
});

test("what is typed becomes a second round, whose command follows a pause, and the next folder has another name", async () => {
  const same = { command: "e2gmm train", cell: "await" };
  const { model, asked } = panel(({ act }) => (act === "plan" ? { same } : { state }));
  model.open();
  await vi.runAllTimersAsync();
  assert.deepEqual(model.same, same);
  model.set({ particles: "set:set1", axes: "drop", latent: " 2 ", epochs: "", cpus: "4" });
  await model.train();
  await vi.runAllTimersAsync();
  const round = { mask: "arm", axes: "drop", particles: { set: "set1" }, latent: 2, cpus: 4 };
  assert.deepEqual(
    asked.filter(({ act }) => act === "train"),
    [{ act: "train", round: { ...round, out: "run_round2" } }],
  );
  assert.deepEqual(asked.at(-1), { act: "plan", round: { ...round, out: "run_round3" } });
  assert.deepEqual([nextName("a"), nextName("a_9")], ["a_2", "a_10"]);
});

test("a saved mask is that of the second round; a refusal of the kernel is shown and nothing changes", async () => {
  const refuse = () => {
    throw new Error("region: expected at least one Gaussian");
  };
  const { model } = panel(({ act }) => (act === "save" ? refuse() : { state }));
  model.set({ name: "leg", overwrite: true });
  await model.save();
  assert.deepEqual(
    [model.message, model.problem, model.busy, model.fields.mask],
    ["region: expected at least one Gaussian", true, "", ""],
  );
  const other = panel().model;
  other.set({ name: " arm " });
  await other.save();
  assert.equal(other.fields.mask, "arm");
});

test("a set that is gone is no longer chosen", () => {
  const { model } = panel();
  model.set({ particles: "set:other" });
  assert.equal(model.particles, "all");
  model.set({ particles: "selection" });
  assert.equal(model.particles, "selection");
});

test("a motion is shown until the region or the particles are others", async () => {
  const motion = { inside: 4.2, outside: 1, decoded: 10, of: 10 };
  const { model, region } = panel(({ act }) => (act === "motion" ? { motion } : { state }));
  await model.measure();
  assert.equal(model.motion, motion);
  model.set({ particles: "selection" });
  assert.equal(model.motion, undefined);
  await model.measure();
  region.current = Uint8Array.of(1, 1, 1);
  assert.equal(model.motion, undefined);
});
