import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError } from "../errors";
import { batchThatFits, particlesPerPass, type StepShape, stepBytes } from "./memory";

const shape: StepShape = {
  gaussians: 3082,
  outputs: 5 * 3082,
  latent: 4,
  featureSize: 128,
  hidden: [512, 512, 512],
  rings: 63,
};

test("the batch is the requested one if it fits, else the largest that does", () => {
  const { fixed, perParticle } = stepBytes(shape);
  assert.equal(batchThatFits(32, shape, fixed + 32 * perParticle), 32);
  assert.equal(batchThatFits(32, shape, fixed + 32 * perParticle - 1), 31);
  assert.equal(batchThatFits(32, shape, fixed + 2.5 * perParticle), 2);
  assert.equal(batchThatFits(8, shape, fixed + 32 * perParticle), 8);
});

test("if not even two particles fit, the error has required and available memory", () => {
  assert.throws(
    () => batchThatFits(32, shape, 2 ** 26),
    (error: Error) =>
      error instanceof InputError &&
      /memory: expected at least 0\.10 GiB for a step of two particles with 3082 Gaussians, found 0\.063 GiB/.test(
        error.message,
      ),
  );
});

test("passes without training use 128 particles at a time, fewer for very large models", () => {
  assert.equal(particlesPerPass(512), 128);
  assert.equal(particlesPerPass(30000), 27);
  assert.equal(particlesPerPass(10_000_000), 8);
});
