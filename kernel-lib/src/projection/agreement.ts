import assert from "node:assert/strict";
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
