import * as e2 from "e2gmm";
import { inner } from "./gpuParts";

/**
 * CPU seconds of the mask of a region in a box of 256 voxels: of a sphere of 25 Å, and of 100 of 1,000 Gaussians.
 *
 *     node tests/dist/bench/regionMask.js
 */

const { regionMask } = inner("./explorer/region/regionMask");

const model = e2.model.empty(1000, 256, 1.5);
const random = new e2.Random(1);
for (let i = 0; i < 3 * model.count; i++) model.params[i] = 0.4 * (random.uniform() - 0.5);
model.params.fill(1, 3 * model.count, 4 * model.count);
model.params.fill(3, 4 * model.count);
const regions: [name: string, shape: e2.explorer.MaskShape][] = [
  ["a sphere of 25 Å", { kind: "sphere", mode: "add", centre: [20, 0, 0], radius: 25 }],
  [
    "100 Gaussians",
    { kind: "gaussians", mode: "add", name: "some", indices: Array.from({ length: 100 }, (_, i) => i) },
  ],
];
for (const [name, shape] of regions) {
  regionMask(model, [shape]);
  const before = process.cpuUsage();
  const { gaussians } = regionMask(model, [shape]);
  const { user, system } = process.cpuUsage(before);
  console.log(`${name}: ${((user + system) / 1e6).toFixed(2)} CPU s, ${gaussians} Gaussians inside`);
}
