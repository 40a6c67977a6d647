import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "vitest";
import { temporaryFolder } from "../../../../tests/testing";
import { readArrays, writeArrays } from "./weightsFile";

describe("arrays in a file", () => {
  test("are read as they were written, with their metadata", async (t) => {
    const file = path.join(temporaryFolder(t), "a.safetensors");
    const arrays = [
      { name: "a", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, Math.PI) },
      { name: "ü", shape: [1], data: Float32Array.of(-1e-30) },
    ];
    await writeArrays(file, arrays, { note: "x" });
    assert.deepEqual(await readArrays(file), { arrays, metadata: { note: "x" } });
  });

  test("a file of another format is refused", async (t) => {
    const file = path.join(temporaryFolder(t), "a.star");
    writeFileSync(file, "data_particles\n\nloop_\n_rlnImageName\n");
    await assert.rejects(readArrays(file), /expected a safetensors file, found/);
  });
});
