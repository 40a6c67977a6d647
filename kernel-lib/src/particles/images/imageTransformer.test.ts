import assert from "node:assert/strict";
import { test } from "vitest";
import { disc } from "../../fourier/disc";
import { fftTransform, normalizeRings, scaledTransform } from "../../fourier/imageTransform";
import type { Ctf } from "../../optics/ctf";
import { ctfOnDisc, flipPhases, ringPower } from "../../optics/ctfDisc";
import { Random } from "../../random";
import { type ImageRecord, ImageTransformer } from "./imageTransformer";

const rings = 12;
const boxLength = 60;
const ctf: Ctf = {
  defocusU: 12000,
  defocusV: 11000,
  angle: 20,
  phaseShift: 0,
  voltage: 200,
  sphericalAberration: 2,
  amplitudeContrast: 0.07,
  bFactor: 0,
  scale: 1,
};

test("images of any size and box are transformed together, with phases flipped as requested", () => {
  const images: ImageRecord[] = [
    { size: 32, ratio: 1, flip: true, ctf },
    // A large prime factor.
    { size: 34, ratio: 1.0005, flip: true, ctf },
    { size: 34, ratio: 1, flip: false, ctf },
    // Another box, and more rings than the image has.
    { size: 40, ratio: 1.2, flip: true, ctf },
    { size: 20, ratio: 1, flip: false, ctf: undefined },
    // No CTF is known.
    { size: 32, ratio: 1, flip: true, ctf: undefined },
    { size: 32, ratio: 1, flip: false, ctf },
  ];
  const layout = disc(rings);
  const width = 2 * layout.samples;
  const random = new Random(5);
  const parts = images.map(({ size }) =>
    Float32Array.from({ length: size * size }, () => 30 + random.normal()),
  );
  const pixels = Float32Array.from([...parts.flatMap((part) => [...part]), 1, 2, 3]);
  const transformer = new ImageTransformer(rings, boxLength);
  const transforms = new Float32Array(images.length * width + 1).fill(9);
  const power = new Float32Array(images.length * (rings + 1) + 1).fill(9);
  transformer.run({ images, pixels, transforms, power });
  assert.deepEqual([transforms.at(-1), power.at(-1)], [9, 9]);
  for (const [i, { size, ratio, flip, ctf }] of images.entries()) {
    const fits = ratio !== 1.2 && size !== 20;
    const expected = new Float32Array(width);
    const transform = fits ? fftTransform(size, layout) : scaledTransform(size, ratio, layout);
    transform.run(parts[i]!, 0, expected, 0);
    if (flip && ctf) flipPhases(expected, 0, ctfOnDisc(ctf, layout, boxLength));
    normalizeRings(expected, 0, layout);
    for (let j = 0; j < width; j++) {
      const found = transforms[i * width + j]!;
      assert.ok(Math.abs(found - expected[j]!) < 1e-6, `image ${i}, number ${j}: ${found}, ${expected[j]}`);
    }
    const mean = new Float32Array(rings + 1).fill(1);
    if (ctf) ringPower(ctfOnDisc(ctf, layout, boxLength), layout, mean);
    for (let r = 0; r <= rings; r++) {
      assert.ok(Math.abs(power[i * (rings + 1) + r]! - mean[r]!) < 1e-6, `image ${i}, ring ${r}`);
    }
  }
});
