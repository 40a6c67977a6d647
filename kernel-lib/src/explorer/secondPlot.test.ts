import assert from "node:assert/strict";
import { connect, disconnect, FakeTransport } from "tslab-widgets/testing";
import { afterEach, beforeEach, test } from "vitest";
import { LatentScatter } from "./latentScatter/latentScatter";
import { SecondPlot } from "./secondPlot";

beforeEach(() => {
  connect(new FakeTransport());
});
afterEach(disconnect);

test("one latent axis has a second plot with other axes, whatever the first shows", () => {
  const scatter = new LatentScatter({ latents: Float32Array.of(0, 1, 2), latent: 1 });
  for (const [y, expected] of [
    ["histogram", { x: "z1", y: "row", z: null }],
    ["row", { x: "row", y: "z1", z: null }],
  ] as const) {
    scatter.set({ x: "z1", y });
    const second = new SecondPlot(scatter, () => {});
    second.show(true);
    assert.deepEqual(second.axes, expected);
    second.show(false);
    assert.equal(second.axes, null);
  }
  scatter.close();
});
