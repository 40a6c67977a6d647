import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError, StoppedError } from "../errors";
import { frequency, halfWidth, ifft2Real, shiftOrigin } from "../fourier/fft";
import { type Gaussian, gaussianMap, projected, randomGaussians } from "../maps/analytic.test.helper";
import { resizeVolume } from "../maps/resize";
import { type Ctf, CtfEvaluator } from "../optics/ctf";
import { plainCtf } from "../optics/ctf.test.helper";
import type { Progress } from "../progress";
import { randomRotation } from "../projection/examples";
import { Random } from "../random";
import { fourierShellCorrelation } from "./fsc";
import type { ImageGroup, ImageSource } from "./imageSource";
import { reconstruct } from "./reconstruct";

const sigma = 1.6;

interface Particle {
  group: ImageGroup;
  rotation: number[];
  shift: [number, number];
  ctf: Ctf | undefined;
  gaussians: Gaussian[];
}

/** The projection of Gaussians given for a box of `size` pixels of `apix`, as an image of the particle's own group. */
function imageOf(particle: Particle, size: number, apix: number): Float32Array {
  const { group, rotation, shift, ctf, gaussians } = particle;
  const n = group.boxSize;
  const boxLength = n * group.apix;
  const evaluator = ctf && new CtfEvaluator(ctf);
  const half = new Float64Array(2 * halfWidth(n) * n);
  const finer = (size * apix) / boxLength;
  const gain = (apix / group.apix) ** 2;
  for (let y = 0, to = 0; y < n; y++) {
    const ky = frequency(y, n);
    for (let kx = 0; kx < halfWidth(n); kx++, to += 2) {
      if (Math.hypot(kx, ky) >= n / 2) continue;
      const [re, im] = projected(gaussians, { sigma, size, rotation }, kx * finer, ky * finer);
      const angle = (-2 * Math.PI * (kx * shift[0] + ky * shift[1])) / boxLength;
      const c = evaluator ? evaluator.at(kx / boxLength, ky / boxLength) : 1;
      const factor = gain * (group.ctfPremultiplied ? c * c : group.phaseFlipped ? Math.abs(c) : c);
      half[to] = factor * (re * Math.cos(angle) - im * Math.sin(angle));
      half[to + 1] = factor * (re * Math.sin(angle) + im * Math.cos(angle));
    }
  }
  shiftOrigin(half, [n, n, 1], "toCorner");
  return ifft2Real(half, n, n);
}

function sourceOf(particles: Particle[], size: number, apix: number, randomSubset?: Uint8Array): ImageSource {
  return {
    count: particles.length,
    boxSize: size,
    apix,
    ...(randomSubset && { randomSubset }),
    opticsGroup: (i) => particles[i]!.group,
    rotations: () => Float32Array.from(particles.flatMap((p) => p.rotation)),
    shifts: () => Float32Array.from(particles.flatMap((p) => p.shift)),
    ctf: (i) => particles[i]!.ctf,
    readGroupImages: async (indices) => {
      const images = Array.from(indices, (i) => imageOf(particles[i]!, size, apix));
      const all = new Float32Array(images.reduce((sum, image) => sum + image.length, 0));
      let at = 0;
      for (const image of images) {
        all.set(image, at);
        at += image.length;
      }
      return all;
    },
  };
}

const plain: ImageGroup = { boxSize: 32, apix: 1.5, phaseFlipped: false, ctfPremultiplied: false };

function makeParticles(count: number, group: ImageGroup, seed: number, withCtf: boolean): Particle[] {
  const random = new Random(seed);
  const gaussians = randomGaussians(8, 0.24, 4);
  return Array.from({ length: count }, () => {
    const defocus = 4000 + 6000 * random.uniform();
    return {
      group,
      gaussians,
      rotation: randomRotation(random),
      shift: [3 * (2 * random.uniform() - 1), 3 * (2 * random.uniform() - 1)],
      ctf: withCtf
        ? {
            ...plainCtf,
            defocusU: defocus + 800,
            defocusV: defocus - 800,
            angle: 180 * random.uniform(),
          }
        : undefined,
    };
  });
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

function scaleBetween(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, bb] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    bb += b[i]! ** 2;
  }
  return ab / bb;
}

test("images without CTF give back their map, on its scale, for even and odd boxes", async () => {
  for (const boxSize of [32, 33]) {
    const particles = makeParticles(150, { ...plain, boxSize }, 1, false);
    const truth = gaussianMap(particles[0]!.gaussians, sigma, boxSize);
    const { map } = await reconstruct(sourceOf(particles, boxSize, 1.5), { halves: "none" });
    assert.deepEqual(map.size, [boxSize, boxSize, boxSize]);
    assert.equal(map.apix, 1.5);
    const found = correlation(map.data, truth.data);
    assert.ok(found > 0.998, `box ${boxSize}: correlation ${found}`);
    const scale = scaleBetween(map.data, truth.data);
    assert.ok(Math.abs(scale - 1) < 0.02, `box ${boxSize}: scale ${scale}`);
    const { fsc } = fourierShellCorrelation(map, truth);
    assert.ok(
      fsc.slice(1, boxSize >> 2).every((value) => value > 0.995),
      fsc.join(" "),
    );
  }
});

test("CTFs with astigmatism are corrected, whether images are raw, phase flipped or premultiplied", async () => {
  const truth = gaussianMap(makeParticles(1, plain, 2, true)[0]!.gaussians, sigma, 32);
  const maps: Float32Array[] = [];
  for (const state of [{}, { phaseFlipped: true }, { ctfPremultiplied: true }]) {
    const particles = makeParticles(250, { ...plain, ...state }, 2, true);
    const { map } = await reconstruct(sourceOf(particles, 32, 1.5), { halves: "none" });
    const { fsc } = fourierShellCorrelation(map, truth);
    // Shell 0 depends on the amplitude contrast alone.
    const low = fsc.slice(1, 9);
    assert.ok(
      low.every((value) => value > 0.98),
      `${JSON.stringify(state)}: ${low.join(" ")}`,
    );
    maps.push(map.data);
  }
  assert.ok(correlation(maps[0]!, maps[1]!) > 0.99999, "flipped as raw");
  assert.ok(correlation(maps[0]!, maps[2]!) > 0.99999, "premultiplied as raw");
});

test("groups of different pixel sizes and boxes are combined", async () => {
  const fine: ImageGroup = { ...plain, boxSize: 50, apix: 1.1 };
  const coarse: ImageGroup = { ...plain, boxSize: 31, apix: 1.65 };
  const particles = [fine, coarse].flatMap((group, g) => makeParticles(100, group, 5 + g, false));
  const truth = gaussianMap(particles[0]!.gaussians, sigma, 32);
  const { map, fsc } = await reconstruct(sourceOf(particles, 32, 1.5), {
    halves: Uint8Array.from(particles, (p) => (p.group === fine ? 1 : 2)),
  });
  const scale = scaleBetween(map.data, truth.data);
  assert.ok(correlation(map.data, truth.data) > 0.995, `correlation ${correlation(map.data, truth.data)}`);
  assert.ok(Math.abs(scale - 1) < 0.03, `scale ${scale}`);
  assert.ok(
    fsc!.fsc.slice(1, 8).every((value) => value > 0.98),
    `the groups agree: ${fsc!.fsc.join(" ")}`,
  );
});

test("a smaller box gives the same map in coarser voxels", async () => {
  const particles = makeParticles(100, plain, 7, true);
  const source = sourceOf(particles, 32, 1.5);
  const whole = await reconstruct(source, { halves: "none" });
  const { map } = await reconstruct(source, { halves: "none", boxSize: 22 });
  assert.deepEqual(map.size, [22, 22, 22]);
  assert.equal(map.apix, 48 / 22);
  const expected = resizeVolume(whole.map, { size: 22 });
  const found = correlation(map.data, expected.data);
  assert.ok(found > 0.99, `correlation ${found}`);
  const scale = scaleBetween(map.data, expected.data);
  assert.ok(Math.abs(scale - 1) < 0.03, `scale ${scale}`);
});

test("half maps contain the requested halves, and their sum is the whole", async () => {
  const particles = makeParticles(40, plain, 9, true);
  const source = sourceOf(particles, 32, 1.5);
  const odd = Int32Array.from({ length: 20 }, (_, i) => 2 * i + 1);
  const even = odd.map((i) => i - 1);
  const only = async (indices: Int32Array) =>
    (await reconstruct(source, { indices, halves: "none" })).map.data;
  const alternate = await reconstruct(source);
  assert.deepEqual(alternate.half1!.data, await only(even));
  assert.deepEqual(alternate.half2!.data, await only(odd));
  const whole = (await reconstruct(source, { halves: "none" })).map.data;
  assert.ok(correlation(alternate.map.data, whole) > 1 - 1e-9);
  assert.deepEqual(alternate.fsc, fourierShellCorrelation(alternate.half1!, alternate.half2!));

  const subset = Uint8Array.from({ length: 40 }, (_, i) => 2 - (i % 2));
  const fromFile = await reconstruct(sourceOf(particles, 32, 1.5, subset));
  assert.deepEqual(fromFile.half1!.data, alternate.half2!.data, "the source's own halves take precedence");
  const given = await reconstruct(source, { halves: subset });
  assert.deepEqual(given.half1!.data, alternate.half2!.data);

  const single = await reconstruct(source, { indices: [3] });
  assert.equal(single.half1, undefined, "one particle gives no half maps");
  assert.ok(single.map.data.some((value) => value !== 0));
});

test("a selection may have any order, and counts repeated particles repeatedly", async () => {
  const source = sourceOf(makeParticles(10, plain, 10, false), 32, 1.5);
  const map = async (indices: number[]) => (await reconstruct(source, { indices, halves: "none" })).map.data;
  const reordered = correlation(await map([7, 2, 5]), await map([2, 5, 7]));
  assert.ok(reordered > 1 - 1e-9, `correlation ${reordered}`);
  const twice = correlation(await map([7, 7, 2]), await map([7, 2]));
  assert.ok(twice < 1 - 1e-6, `correlation ${twice}`);
});

test("invalid selections, boxes and halves are refused", async () => {
  const source = sourceOf(makeParticles(4, plain, 11, false), 32, 1.5);
  const refused = (options: Parameters<typeof reconstruct>[1], message: RegExp) =>
    assert.rejects(reconstruct(source, options), (error: unknown) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, message);
      return true;
    });
  await refused({ indices: [] }, /particles to reconstruct: expected at least one, found none/);
  await refused({ indices: [0, 4] }, /entry 2: expected an index from 0 to 3, found 4/);
  await refused({ indices: [-1] }, /found -1/);
  await refused({ indices: [0.5] }, /found 0.5/);
  await refused({ boxSize: 34 }, /boxSize: expected an integer from 4 to 32, found 34/);
  await refused({ halves: Uint8Array.of(1, 2) }, /expected one number for each of 4 particles, found 2/);
  await refused({ halves: Uint8Array.of(1, 2, 3, 1) }, /particle 2: expected 1 or 2, found 3/);
  await refused({ maskDiameter: -3 }, /mask diameter/);
});

test("a reconstruction reports progress and stops when its signal is set", async () => {
  const source = sourceOf(makeParticles(4, plain, 12, false), 32, 1.5);
  const reports: Progress[] = [];
  await reconstruct(source, { onProgress: (progress) => reports.push(progress) });
  assert.deepEqual(
    reports.map(({ done, total }) => [done, total]),
    [
      [0, 4],
      [4, 4],
    ],
  );
  await assert.rejects(reconstruct(source, { signal: AbortSignal.abort() }), StoppedError);
});
