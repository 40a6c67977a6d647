import assert from "node:assert/strict";
import { disc, sampleIndex } from "../fourier/disc";
import { Random } from "../random";
import type { ProjectionBatch, ProjectionEngine, ProjectionRequest, ProjectionResult } from "./engine";
import { type ExampleOptions, exampleBatch } from "./examples";
import { ReferenceEngine } from "./reference";

/** Comparisons with the reference engine, for the tests of all engines. */

/** Batches with one and many rings, odd and even boxes, shared and own models, and sizes that are not multiples of a vector. */
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

function expectSameGradient(name: string, found: Float32Array, expected: Float32Array): void {
  const value = cosine(found, expected);
  assert.ok(value >= 0.9999, `gradient in ${name}: cosine ${value} with the reference`);
  const ratio = Math.hypot(...found) / Math.hypot(...expected);
  assert.ok(Math.abs(ratio - 1) < 2e-3, `gradient in ${name}: ${ratio} times as long as the reference's`);
}

const reference = new ReferenceEngine();

/** Asserts that an engine agrees with the reference: FRC and score to 1e-4, gradients to a cosine of 0.9999. */
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
    assert.ok(error < 1e-4, `FRC ${i}: ${found.frc[i]}, but the reference has ${expected.frc[i]}`);
  }
  for (let b = 0; b < batch.count; b++) {
    assert.ok(Math.abs(found.score[b]! - expected.score[b]!) < 1e-4 * (request.rings + 1), `score ${b}`);
    ["x", "y", "z", "amplitude", "sigma"].forEach((name, row) => {
      const run = (result: Required<ProjectionResult>) =>
        result.modelGradient.subarray((5 * b + row) * n, (5 * b + row + 1) * n);
      expectSameGradient(name, run(found), run(expected));
    });
    const at = (array: Float32Array, each: number) => array.subarray(b * each, (b + 1) * each);
    expectSameGradient("rotation", at(found.rotationGradient, 9), at(expected.rotationGradient, 9));
    expectSameGradient("shift", at(found.shiftGradient, 2), at(expected.shiftGradient, 2));
  }
}

/** Models per particle in {@link expectProducts}, and the pairs of target (0) and projections (1 …) that are multiplied. */
const variants = 3;
const pairs = [
  [0, 1],
  [0, 2],
  [0, 3],
  [1, 1],
  [1, 2],
  [1, 3],
  [2, 2],
  [2, 3],
  [3, 3],
] as const;
/** Index of |Q_0|² and of |Q_v|² among the pairs. */
const squares = [3, 6, 8] as const;

/**
 * Asserts that an engine's products of three neighbouring models agree with those of the reference's projections, to 0.002
 * of the sizes of the factors.
 */
export async function expectProducts(engine: ProjectionEngine, example: ExampleOptions): Promise<void> {
  const { batch, request } = exampleBatch({ seed: 23, ...example, shared: false });
  const { rings } = request;
  const model = neighbouringModels(batch);
  const found = await engine.products({ ...batch, model }, request);
  const numbers = pairs.length;
  assert.equal(found.length, batch.count * (rings + 1) * numbers);
  for (let b = 0; b < batch.count; b++) {
    const images = await particleImages(batch, model, b, request);
    for (let r = 0; r <= rings; r++) {
      const expected =
        r === 0 ? new Float64Array(numbers) : ringProducts(images, rings, batch.targetRings, r);
      const at = (b * (rings + 1) + r) * numbers;
      compareRing(found.subarray(at, at + numbers), expected, `particle ${b}, ring ${r}`);
    }
  }
}

/** The models of a batch, each followed by two others whose centres are moved a little. */
function neighbouringModels({ count, gaussians, model }: ProjectionBatch): Float32Array {
  const random = new Random(3);
  const length = 5 * gaussians;
  const all = new Float32Array(count * variants * length);
  for (let i = 0; i < count * variants; i++) {
    const first = Math.floor(i / variants) * length;
    for (let j = 0; j < length; j++) {
      const moved = i % variants > 0 && j < 3 * gaussians ? 0.004 * random.normal() : 0;
      all[i * length + j] = model[first + j]! + moved;
    }
  }
  return all;
}

/** The target of a particle, then the reference's projections of its models. */
async function particleImages(
  batch: ProjectionBatch,
  model: Float32Array,
  b: number,
  request: ProjectionRequest,
): Promise<Float32Array[]> {
  const { gaussians, targetRings } = batch;
  const targetLength = 2 * disc(targetRings).samples;
  const images = [batch.targets.subarray(b * targetLength, (b + 1) * targetLength)];
  for (let v = 0; v < variants; v++) {
    const at = (b * variants + v) * 5 * gaussians;
    const one = { count: 1, gaussians, model: model.subarray(at, at + 5 * gaussians) };
    const rotations = batch.rotations.subarray(9 * b, 9 * b + 9);
    const shifts = batch.shifts.subarray(2 * b, 2 * b + 2);
    images.push(await reference.project({ ...one, rotations, shifts }, request));
  }
  return images;
}

/** Products of all pairs in a ring; projections after the first count as their difference from it. */
function ringProducts(images: Float32Array[], rings: number, targetRings: number, r: number): Float64Array {
  const layout = disc(rings);
  const [target, ...projections] = images as [Float32Array, ...Float32Array[]];
  const products = new Float64Array(pairs.length);
  for (let kx = 0; kx <= rings; kx++) {
    for (let ky = -rings; ky <= rings; ky++) {
      const i = sampleIndex(rings, kx, ky);
      if (layout.ring[i] !== r) continue;
      const t = sampleIndex(targetRings, kx, ky);
      const q = projections.map((image, v) =>
        [0, 1].map((part) => image[2 * i + part]! - (v > 0 ? projections[0]![2 * i + part]! : 0)),
      );
      const all = [[target[2 * t]!, target[2 * t + 1]!], ...q];
      for (const [p, [v, w]] of pairs.entries()) {
        products[p]! += layout.multiplicity[i]! * (all[v]![0]! * all[w]![0]! + all[v]![1]! * all[w]![1]!);
      }
    }
  }
  return products;
}

function compareRing(found: Float32Array, expected: Float64Array, where: string): void {
  const square = expected[squares[0]]!;
  // Relative to |Q_0|: 1 for the target and Q_0 itself, |Q_v|/|Q_0| for a difference.
  const size = (v: number) => (v < 2 || square === 0 ? 1 : Math.sqrt(expected[squares[v - 1]!]! / square));
  for (const [p, [v, w]] of pairs.entries()) {
    const value = square > 0 ? expected[p]! / (v === 0 ? Math.sqrt(square) : square) : 0;
    const scale = (v === 0 ? 1 : size(v)) * size(w);
    const error = Math.abs(found[p]! - value);
    assert.ok(error <= 2e-3 * scale + 1e-7, `${where}, number ${p}: ${error} of ${scale}`);
  }
}
