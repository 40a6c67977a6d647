import assert from "node:assert/strict";
import { afterEach, test } from "vitest";
import { InputError } from "../errors";
import { chosenGpu, parseAdapters } from "./adapters";

const before = process.env["E2GMM_GPU"];
afterEach(() => {
  if (before === undefined) delete process.env["E2GMM_GPU"];
  else process.env["E2GMM_GPU"] = before;
});

/** Dawn's message about a name that no adapter has. */
const message = (...lines: [api: string, name: string][]) =>
  [
    "no suitable backends found",
    "Available adapters:",
    ...lines.map(([api, name]) => ` * backend: '${api}', name: '${name}'`),
  ].join("\n");

test("adapters have numbers in Dawn's order, and programs on the CPU are told from GPUs", () => {
  const found = parseAdapters(
    message(
      ["vulkan", "NVIDIA H100 80GB HBM3"],
      ["opengl", "NVIDIA H100 80GB HBM3"],
      ["vulkan", "Intel(R) UHD Graphics 770 (ADL-S GT1)"],
      ["vulkan", "llvmpipe (LLVM 15.0.6, 256 bits)"],
      ["null", "Null backend"],
    ),
  );
  assert.deepEqual(found, [
    { index: 0, name: "NVIDIA H100 80GB HBM3", api: "vulkan", software: false },
    { index: 1, name: "Intel(R) UHD Graphics 770 (ADL-S GT1)", api: "vulkan", software: false },
    { index: 2, name: "llvmpipe (LLVM 15.0.6, 256 bits)", api: "vulkan", software: true },
  ]);
});

test("a card that two interfaces drive is listed once; cards that names do not tell apart are marked", () => {
  const found = parseAdapters(
    message(
      ["d3d12", "NVIDIA RTX A6000"],
      ["d3d12", "NVIDIA RTX A6000"],
      ["d3d12", "NVIDIA RTX A600"],
      ["vulkan", "NVIDIA RTX A6000"],
    ),
  );
  assert.deepEqual(
    found.map(({ index, hiddenBy }) => [index, hiddenBy]),
    [
      [0, undefined],
      [1, 0],
      [2, 0],
    ],
  );
});

test("without adapters the list is empty", () => {
  for (const text of ["", "no suitable backends found\nAvailable adapters:\n"])
    assert.deepEqual(parseAdapters(text), []);
});

test("E2GMM_GPU is the number of the GPU unless one is given; other text is an error", () => {
  delete process.env["E2GMM_GPU"];
  assert.equal(chosenGpu(undefined), undefined);
  process.env["E2GMM_GPU"] = " 2 ";
  assert.deepEqual([chosenGpu(undefined), chosenGpu(0)], [2, 0]);
  process.env["E2GMM_GPU"] = "";
  assert.equal(chosenGpu(undefined), undefined);
  process.env["E2GMM_GPU"] = "RTX";
  assert.throws(
    () => chosenGpu(undefined),
    (error: Error) => {
      assert.ok(error instanceof InputError);
      assert.equal(error.message, 'E2GMM_GPU: expected the number of a GPU, see e2gmm backends, found "RTX"');
      return true;
    },
  );
});
