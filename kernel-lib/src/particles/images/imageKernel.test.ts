import assert from "node:assert/strict";
import { test } from "vitest";
import { disc } from "../../fourier/disc";
import { fftTransform, normalizeRings } from "../../fourier/imageTransform";
import { type Ctf, CtfEvaluator } from "../../optics/ctf";
import { plainCtf } from "../../optics/ctf.test.helper";
import { ctfOnDisc, flipPhases, ringPower } from "../../optics/ctfDisc";
import { Random } from "../../random";
import { kernelModule } from "../../wasm/wasmMemory";
import { ImageKernel, isKernelSize } from "./imageKernel";

const plain: Ctf = {
  ...plainCtf,
  defocusU: 15200,
  defocusV: 14300,
  angle: 35,
};

function randomImage(size: number, mean: number): Float32Array {
  const random = new Random(size);
  return Float32Array.from({ length: size * size }, () => mean + random.normal());
}

/** The transform in double precision, with normalised rings. */
function expectedTransform(image: Float32Array, size: number, rings: number, boxLength: number, ctf?: Ctf) {
  const layout = disc(rings);
  const out = new Float32Array(2 * layout.samples);
  fftTransform(size, layout).run(image, 0, out, 0);
  if (ctf) flipPhases(out, 0, ctfOnDisc(ctf, layout, boxLength));
  normalizeRings(out, 0, layout);
  return out;
}

/** Largest difference of two transforms, relative to the root mean square of a sample of its ring. */
function difference(found: Float32Array, expected: Float32Array, rings: number): number {
  const { ring, samplesInRing } = disc(rings);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const samples = 2 * Math.max(1, samplesInRing[ring[i >> 1]!]!);
    worst = Math.max(worst, Math.abs(found[i]! - expected[i]!) * Math.sqrt(samples));
  }
  return worst;
}

// Factors 2, 3, 5, 7, 11 and 13, alone and together, odd and even; few rings and all of them.
const sizes = [
  [8, 3],
  [9, 4],
  [10, 4],
  [11, 5],
  [13, 2],
  [15, 7],
  [27, 13],
  [49, 24],
  [64, 31],
  [65, 32],
  [66, 20],
  [125, 62],
  [126, 11],
  [143, 71],
  [160, 79],
  [169, 30],
  [240, 64],
] as const;
for (const [size, rings] of sizes) {
  test(`the transform of ${size}×${size} pixels in single precision agrees with double precision to 3e-6`, () => {
    const { samples } = disc(rings);
    const boxLength = 1.3 * size;
    const kernel = new ImageKernel(disc(rings), boxLength, kernelModule());
    for (const mean of [0, 1000]) {
      const image = randomImage(size, mean);
      const padded = new Float32Array(image.length + 3);
      padded.set(image, 3);
      for (const ctf of [undefined, plain]) {
        const out = new Float32Array(2 * samples + 6).fill(9);
        kernel.transform({ pixels: padded, from: 3, size, ctf }, out, 4);
        assert.deepEqual([...out.subarray(0, 4), ...out.subarray(-2)], [9, 9, 9, 9, 9, 9]);
        const expected = expectedTransform(image, size, rings, boxLength, ctf);
        const found = difference(out.subarray(4, -2), expected, rings);
        assert.ok(found < 3e-6, `mean ${mean}, ${ctf ? "phases flipped" : "as it is"}: ${found}`);
      }
    }
  });
}

test("one kernel transforms images of different sizes in turn, without residues", () => {
  const rings = 11;
  const { samples, ring } = disc(rings);
  const kernel = new ImageKernel(disc(rings), 48, kernelModule());
  const out = new Float32Array(2 * samples);
  for (const size of [48, 25, 48, 40]) {
    const image = randomImage(size, 5);
    kernel.transform({ pixels: image, from: 0, size, ctf: undefined }, out, 0);
    assert.ok(difference(out, expectedTransform(image, size, rings, 48), rings) < 3e-6);
  }
  kernel.transform({ pixels: new Float32Array(40 * 40).fill(0.1), from: 0, size: 40, ctf: plain }, out, 0);
  assert.ok(out.every((value) => value === 0));
  kernel.transform({ pixels: randomImage(25, 0), from: 0, size: 25, ctf: plain }, out, 0);
  for (let i = 0; i < samples; i++) {
    if (ring[i] === 0) assert.ok(out[2 * i] === 0 && out[2 * i + 1] === 0, `sample ${i}`);
  }
});

test("phases are flipped where the CTF is negative: with a phase plate, a negative scale and hundreds of turns", () => {
  const [size, rings, boxLength] = [64, 31, 64];
  const layout = disc(rings);
  const kernel = new ImageKernel(layout, boxLength, kernelModule());
  const image = randomImage(size, 0);
  const [flipped, untouched] = [new Float32Array(2 * layout.samples), new Float32Array(2 * layout.samples)];
  kernel.transform({ pixels: image, from: 0, size, ctf: undefined }, untouched, 0);
  const cases: Partial<Ctf>[] = [
    {},
    { phaseShift: 90, amplitudeContrast: 0 },
    { scale: -0.7 },
    { defocusU: 900000, defocusV: 890000, bFactor: 200 },
    { defocusU: -8000, defocusV: -9000, voltage: 80 },
    { scale: 0 },
  ];
  for (const change of cases) {
    const ctf = { ...plain, ...change };
    kernel.transform({ pixels: image, from: 0, size, ctf }, flipped, 0);
    const values = ctfOnDisc(ctf, layout, boxLength);
    let negative = 0;
    for (let i = 0; i < layout.samples; i++) {
      // At a zero, rounding decides the sign.
      if (layout.ring[i] === 0 || (ctf.scale !== 0 && Math.abs(values[i]!) < 1e-9)) continue;
      const sign = values[i]! < 0 ? -1 : 1;
      if (sign < 0) negative++;
      assert.equal(flipped[2 * i], sign * untouched[2 * i]!, JSON.stringify(change));
      assert.equal(flipped[2 * i + 1], sign * untouched[2 * i + 1]!, JSON.stringify(change));
    }
    assert.ok(ctf.scale === 0 ? negative === 0 : negative > 200, `${negative} of ${JSON.stringify(change)}`);
  }
});

test("the mean CTF² of the rings agrees with double precision to 1e-6, with envelope and scale", () => {
  for (const [rings, boxLength] of [
    [1, 20],
    [10, 30],
    [31, 64],
    [100, 260],
  ] as const) {
    const layout = disc(rings);
    const kernel = new ImageKernel(layout, boxLength, kernelModule());
    for (const change of [{}, { bFactor: 60, scale: -0.8 }, { defocusU: 90000 }, { bFactor: -8 }]) {
      const ctf = { ...plain, ...change };
      const expected = new Float32Array(rings + 1);
      ringPower(ctfOnDisc(ctf, layout, boxLength), layout, expected);
      const found = new Float32Array(rings + 3).fill(7);
      kernel.ringPower(ctf, found, 1);
      assert.deepEqual([found[0], found[rings + 2]], [7, 7]);
      for (let r = 0; r <= rings; r++) {
        const error = Math.abs(found[r + 1]! - expected[r]!) / Math.max(1, expected[r]!);
        assert.ok(error < 1e-6, `ring ${r} of ${rings}, ${JSON.stringify(change)}: ${error}`);
      }
    }
  }
});

test("the phase in turns at Fourier pixels equals the phase at their frequencies", () => {
  const evaluator = new CtfEvaluator({ ...plain, phaseShift: 20 });
  const { xx, yy, xy, fourth, constant } = evaluator.inTurns(90);
  for (const [x, y] of [
    [0, 0],
    [3, 0],
    [0, -7],
    [20, 11],
    [13, -29],
  ] as const) {
    const turns = x * x * xx + y * y * yy + x * y * xy + (x * x + y * y) ** 2 * fourth + constant;
    assert.ok(Math.abs(2 * Math.PI * turns - evaluator.phase(x / 90, y / 90)) < 1e-11);
  }
});

test("sizes with a prime factor above 13, and tiny ones, are not supported", () => {
  assert.deepEqual([8, 128, 200, 352, 416, 1001].map(isKernelSize), new Array(6).fill(true));
  assert.deepEqual([4, 7, 17, 34, 254, 361].map(isKernelSize), new Array(6).fill(false));
  const kernel = new ImageKernel(disc(5), 20, kernelModule());
  const out = new Float32Array(2 * disc(5).samples);
  const transform = (size: number) => () =>
    kernel.transform({ pixels: new Float32Array(size * size), from: 0, size, ctf: undefined }, out, 0);
  assert.throws(transform(17), /found 17/);
  assert.throws(transform(10), /5 rings.*found 10/);
});
