import assert from "node:assert/strict";
import { test } from "vitest";
import { Random } from "../random";
import { disc, sampleIndex } from "./disc";
import { fftTransform, normalizeRings, scaledTransform } from "./imageTransform";
import { resampler } from "./resample";

function randomImage(size: number, seed = 1): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: size * size }, () => random.normal());
}

/** The defining sum, in double precision. */
function sum(image: Float32Array, size: number, kx: number, ky: number): [number, number] {
  const origin = Math.floor(size / 2);
  let re = 0;
  let im = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const angle = (-2 * Math.PI * (kx * (x - origin) + ky * (y - origin))) / size;
      re += image[y * size + x]! * Math.cos(angle);
      im += image[y * size + x]! * Math.sin(angle);
    }
  }
  return [re, im];
}

for (const size of [16, 15, 20, 21, 26]) {
  test(`the transform of ${size}×${size} pixels is the defining sum about pixel ⌊S/2⌋`, () => {
    const layout = disc(Math.floor((size - 1) / 2));
    const image = randomImage(size);
    const padded = new Float32Array(image.length + 3);
    padded.set(image, 3);
    const transforms = [fftTransform(size, layout), scaledTransform(size, 1, layout)].map((transform) => {
      const out = new Float32Array(2 * layout.samples + 4).fill(9);
      transform.run(padded, 3, out, 4);
      assert.deepEqual([...out.subarray(0, 4)], [9, 9, 9, 9]);
      return out.subarray(4);
    });
    for (let kx = 0; kx <= layout.rings; kx++) {
      for (let ky = -layout.rings; ky <= layout.rings; ky++) {
        const i = sampleIndex(layout.rings, kx, ky);
        const [re, im] = layout.ring[i] === 0 ? [0, 0] : sum(image, size, kx, ky);
        for (const transform of transforms) {
          assert.ok(Math.abs(transform[2 * i]! - re) < 1e-4, `re (${kx}, ${ky})`);
          assert.ok(Math.abs(transform[2 * i + 1]! - im) < 1e-4, `im (${kx}, ${ky})`);
        }
      }
    }
  });
}

/** A blob at (u, v) Å from the centre, of width σ Å, sampled at pixels of `apix` Å. */
function blob(size: number, apix: number, u: number, v: number, sigma: number): Float32Array {
  const origin = Math.floor(size / 2);
  return Float32Array.from({ length: size * size }, (_, i) => {
    const x = ((i % size) - origin) * apix - u;
    const y = (Math.floor(i / size) - origin) * apix - v;
    return Math.exp(-(x * x + y * y) / (2 * sigma * sigma));
  });
}

test("images with other pixel sizes and boxes have the transform of the reference box", () => {
  const rings = 12;
  const layout = disc(rings);
  const reference = new Float32Array(2 * layout.samples);
  fftTransform(48, layout).run(blob(48, 2, 5, -7, 4), 0, reference, 0);
  for (const [size, apix] of [
    [48, 2.05],
    [64, 1.7],
    [63, 1.3],
    [40, 2.3],
    [80, 1.9],
  ] as const) {
    const out = new Float32Array(2 * layout.samples);
    scaledTransform(size, (size * apix) / 96, layout).run(blob(size, apix, 5, -7, 4), 0, out, 0);
    for (let i = 0; i < out.length; i++) {
      assert.ok(Math.abs(out[i]! * apix ** 2 - reference[i]! * 4) < 0.3, `${size} pixels of ${apix} Å, ${i}`);
    }
  }
});

test("beyond the Nyquist frequency of a coarser image the transform is zero", () => {
  const layout = disc(20);
  const out = new Float32Array(2 * layout.samples);
  scaledTransform(24, 1, layout).run(randomImage(24), 0, out, 0);
  const power = (kx: number) => Math.abs(out[2 * sampleIndex(20, kx, 0)]!);
  assert.ok(power(11) > 0);
  assert.equal(power(12), 0);
  assert.equal(power(20), 0);
});

test("resampled images equal those sampled in the new pixels", () => {
  for (const [size, apix] of [
    [64, 1.7],
    [48, 2.3],
    [51, 1.9],
  ] as const) {
    const out = new Float32Array(48 * 48 + 1);
    resampler({ boxSize: size, apix }, { boxSize: 48, apix: 2 })(blob(size, apix, 5, -7, 5), 0, out, 1);
    const expected = blob(48, 2, 5, -7, 5);
    for (let i = 0; i < expected.length; i++) {
      assert.ok(Math.abs(out[i + 1]! - expected[i]!) < 5e-3, `${size} pixels of ${apix} Å, pixel ${i}`);
    }
  }
});

test("every ring is divided by its norm, and rings of zeros stay zero", () => {
  const layout = disc(5);
  const random = new Random(4);
  const transform = Float32Array.from({ length: 2 * layout.samples + 2 }, () => random.normal());
  for (let i = 0; i < layout.samples; i++) {
    if (layout.ring[i] === 0 || layout.ring[i] === 3) transform[2 + 2 * i] = transform[3 + 2 * i] = 0;
  }
  normalizeRings(transform, 2, layout);
  const norms = new Float64Array(6);
  for (let i = 0; i < layout.samples; i++) {
    const power = transform[2 + 2 * i]! ** 2 + transform[3 + 2 * i]! ** 2;
    norms[layout.ring[i]!]! += layout.multiplicity[i]! * power;
  }
  for (const [r, expected] of [0, 1, 1, 0, 1, 1].entries()) assert.ok(Math.abs(norms[r]! - expected) < 1e-6);
});

test("more rings than the image holds are refused", () => {
  assert.throws(() => fftTransform(16, disc(8)), /rings: expected at most 7 for 16 pixels, found 8/);
});
