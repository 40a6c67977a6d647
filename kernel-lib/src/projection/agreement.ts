import assert from "node:assert/strict";
import { disc, sampleIndex } from "../fourier/disc";
import { Random } from "../random";
import type { ProjectionBatch, ProjectionEngine, ProjectionRequest, ProjectionResult } from "./engine";
import { type ExampleOptions, exampleBatch } from "./examples";
import { ReferenceEngine } from "./reference";

/** What the tests of every engine have in common. Not part of the published package's interface. */

/** Sizes, one and many rings, odd and even boxes, shared and own models, numbers that fill no vector. */
export const examples: ExampleOptions[] = [
  { count: 1, gaussians: 3, boxSize: 8 },
  { count: 3, gaussians: 7, boxSize: 9, rings: 1 },
  { count: 2, gaussians: 8, boxSize: 16, rings: 1, targetRings: 7 },
  { count: 5, gaussians: 33, boxSize: 24, shared: true },
  { count: 3, gaussians: 50, boxSize: 27, ownWeights: true },
  { count: 2, gaussians: 300, boxSize: 32, rings: 9, targetRings: 12, ownWeights: true },
  { count: 2, gaussians: 530, boxSize: 64 },
  { count: 2, gaussians: 270, boxSize: 85, shared: true },
];

/** Cosine between two vectors. */
function cosine(a: Float32Array, b: Float32Array): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

function expectSame(name: string, found: Float32Array, expected: Float32Array): void {
  const value = cosine(found, expected);
  assert.ok(value >= 0.9999, `gradient in ${name}: cosine ${value} to the reference`);
  const size = Math.hypot(...found) / Math.hypot(...expected);
  assert.ok(Math.abs(size - 1) < 2e-3, `gradient in ${name}: ${size} times as long as the reference's`);
}

const reference = new ReferenceEngine();

/** Fails unless the engine agrees with the reference: FRC and score to 1e-4, gradients to a cosine of 0.9999. */
export async function expectAgreement(
  engine: ProjectionEngine,
  example: ExampleOptions | { batch: ProjectionBatch; request: ProjectionRequest },
): Promise<void> {
  const { batch, request } = "batch" in example ? example : exampleBatch({ seed: 17, ...example });
  const n = batch.gaussians;
  const found = (await engine.evaluate(batch, request)) as Required<ProjectionResult>;
  const expected = (await reference.evaluate(batch, request)) as Required<ProjectionResult>;
  for (let i = 0; i < expected.frc.length; i++) {
    const error = Math.abs(found.frc[i]! - expected.frc[i]!);
    assert.ok(error < 1e-4, `FRC ${i}: ${found.frc[i]}, but ${expected.frc[i]} by the reference`);
  }
  for (let b = 0; b < batch.count; b++) {
    assert.ok(Math.abs(found.score[b]! - expected.score[b]!) < 1e-4 * (request.rings + 1), `score ${b}`);
    ["x", "y", "z", "amplitude", "sigma"].forEach((name, row) => {
      const run = (result: Required<ProjectionResult>) =>
        result.modelGradient.subarray((5 * b + row) * n, (5 * b + row + 1) * n);
      expectSame(name, run(found), run(expected));
    });
    const at = (array: Float32Array, each: number) => array.subarray(b * each, (b + 1) * each);
    expectSame("rotation", at(found.rotationGradient, 9), at(expected.rotationGradient, 9));
    expectSame("shift", at(found.shiftGradient, 2), at(expected.shiftGradient, 2));
  }
}

/**
 * Fails unless the engine's products of three neighbouring models are those of the reference's projections, to a thousandth of
 * what the differences between the models weigh.
 */
export async function expectProducts(engine: ProjectionEngine, example: ExampleOptions): Promise<void> {
  const { batch, request } = exampleBatch({ seed: 23, ...example, shared: false });
  const { count, gaussians, targetRings } = batch;
  const { rings } = request;
  const variants = 3;
  const random = new Random(3);
  const each = 5 * gaussians;
  const model = new Float32Array(count * variants * each);
  for (let i = 0; i < count * variants; i++) {
    const first = Math.floor(i / variants) * each;
    for (let j = 0; j < each; j++) {
      const moved = i % variants > 0 && j < 3 * gaussians ? 0.004 * random.normal() : 0;
      model[i * each + j] = batch.model[first + j]! + moved;
    }
  }
  const found = await engine.products({ ...batch, model }, request);
  const layout = disc(rings);
  const numbers = 9;
  assert.equal(found.length, count * (rings + 1) * numbers);
  for (let b = 0; b < count; b++) {
    const images: Float32Array[] = [];
    for (let v = 0; v < variants; v++) {
      const at = (b * variants + v) * each;
      const one = { count: 1, gaussians, model: model.subarray(at, at + each) };
      const pose = {
        rotations: batch.rotations.subarray(9 * b, 9 * b + 9),
        shifts: batch.shifts.subarray(2 * b, 2 * b + 2),
      };
      images.push(await reference.project({ ...one, ...pose }, request));
    }
    const target = batch.targets.subarray(
      2 * b * disc(targetRings).samples,
      2 * (b + 1) * disc(targetRings).samples,
    );
    for (let r = 0; r <= rings; r++) {
      const expected = new Float64Array(numbers);
      for (let kx = 0; kx <= rings; kx++) {
        for (let ky = -rings; ky <= rings; ky++) {
          const i = sampleIndex(rings, kx, ky);
          if (r === 0 || layout.ring[i] !== r) continue;
          const t = sampleIndex(targetRings, kx, ky);
          const q = images.map((image, v) =>
            [0, 1].map((part) => image[2 * i + part]! - (v > 0 ? images[0]![2 * i + part]! : 0)),
          );
          const all = [[target[2 * t]!, target[2 * t + 1]!], ...q];
          let to = 0;
          for (const [v, w] of [
            [0, 1],
            [0, 2],
            [0, 3],
            [1, 1],
            [1, 2],
            [1, 3],
            [2, 2],
            [2, 3],
            [3, 3],
          ] as const) {
            expected[to++]! +=
              layout.multiplicity[i]! * (all[v]![0]! * all[w]![0]! + all[v]![1]! * all[w]![1]!);
          }
        }
      }
      const square = expected[3]!;
      for (let i = 0; i < numbers; i++) {
        const value = square > 0 ? expected[i]! / (i < 3 ? Math.sqrt(square) : square) : 0;
        // Of a product the size of its factors: 1 for the first projection, the root of its square for a difference.
        const size = (v: number) =>
          v === 0 || square === 0 ? 1 : Math.sqrt(expected[v === 1 ? 6 : 8]! / square);
        const [v, w] = [[0], [1], [2], [0, 0], [0, 1], [0, 2], [1, 1], [1, 2], [2, 2]][i]!;
        const scale = size(v!) * (w === undefined ? 1 : size(w));
        const error = Math.abs(found[(b * (rings + 1) + r) * numbers + i]! - value);
        assert.ok(
          error <= 2e-3 * scale + 1e-7,
          `particle ${b}, ring ${r}, number ${i}: ${error} of ${scale}`,
        );
      }
    }
  }
}
