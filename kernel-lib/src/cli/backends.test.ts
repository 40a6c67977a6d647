import assert from "node:assert/strict";
import { test } from "vitest";
import { gpuLines } from "./backends";

test("GPUs are listed with number, rate, time of a step, and what keeps them from being used", () => {
  const adapter = { api: "vulkan", software: false };
  const lines = gpuLines(
    [
      { ...adapter, index: 0, name: "H100", gflops: 51234, stepMilliseconds: 0.6123 },
      { ...adapter, index: 1, name: "H100", hiddenBy: 0, reason: "gpu: cannot be told" },
    ],
    { stepMilliseconds: 12.34 },
  );
  assert.match(lines[0]!, /^CPU +12\.3 ms a step +all cores$/);
  assert.match(lines[1]!, /^GPU 0 +51234 GFLOPS +0\.612 ms a step +H100 \(vulkan\)$/);
  assert.match(
    lines[2]!,
    /^GPU 1 +H100 \(vulkan\): gpu: cannot be told; its name does not tell it from GPU 0$/,
  );
});

test("without a GPU the list says what is needed", () => {
  assert.match(gpuLines([], { stepMilliseconds: 1 })[1]!, /^no GPU is found by WebGPU .*libvulkan1/);
});
