import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError } from "../errors";
import { disc } from "../fourier/disc";
import { randomRotation } from "../projection/examples";
import { Random } from "../random";
import { gaussianMap, projected, randomGaussians } from "./analytic.test.helper";
import { MapProjector } from "./mapProjector";
import type { Volume } from "./volume";

/** Correlation and relative error of two half planes in every ring. */
function compareRings(a: Float32Array, b: Float64Array, rings: number) {
  const layout = disc(rings);
  return Array.from({ length: rings }, (_, i) => {
    let [ab, aa, bb, error] = [0, 0, 0, 0];
    for (let s = 0; s < layout.samples; s++) {
      if (layout.ring[s] !== i + 1) continue;
      for (const at of [2 * s, 2 * s + 1]) {
        ab += a[at]! * b[at]!;
        aa += a[at]! ** 2;
        bb += b[at]! ** 2;
        error += (a[at]! - b[at]!) ** 2;
      }
    }
    return { ring: i + 1, correlation: ab / Math.sqrt(aa * bb), error: Math.sqrt(error / bb) };
  });
}

function eachSample(rings: number, at: (kx: number, ky: number) => readonly [number, number]): Float64Array {
  const layout = disc(rings);
  const plane = new Float64Array(2 * layout.samples);
  for (let s = 0; s < layout.samples; s++) {
    if (layout.ring[s] === 0) continue;
    plane.set(at(Math.floor(s / (2 * rings + 1)), (s % (2 * rings + 1)) - rings), 2 * s);
  }
  return plane;
}

test("slices of a map of Gaussians equal the analytic projection in every ring, for even and odd boxes", () => {
  const random = new Random(3);
  for (const size of [48, 45]) {
    const sigma = 1.5;
    // The outermost Gaussians end six widths inside the box; truncation would show in the faint outer rings.
    const gaussians = randomGaussians(12, 0.3, size);
    const projector = new MapProjector(gaussianMap(gaussians, sigma, size));
    const rings = projector.maxRings;
    assert.equal(rings, Math.floor((size - 1) / 2));
    for (const rotation of [[1, 0, 0, 0, 1, 0, 0, 0, 1], randomRotation(random), randomRotation(random)]) {
      const slice = projector.project(Float32Array.from(rotation), rings);
      const expected = eachSample(rings, (kx, ky) => projected(gaussians, { sigma, size, rotation }, kx, ky));
      for (const { ring, correlation, error } of compareRings(slice, expected, rings)) {
        assert.ok(correlation > 0.999, `box ${size}, ring ${ring}: correlation ${correlation}`);
        if (ring < 0.6 * rings) assert.ok(error < 5e-5, `box ${size}, ring ${ring}: error ${error}`);
      }
    }
  }
});

test("slices of any map equal its transform summed voxel by voxel, to 1e-4 for density up to the border of the box", () => {
  const random = new Random(8);
  for (const size of [14, 15]) {
    const data = Float32Array.from({ length: size ** 3 }, () => random.normal());
    const projector = new MapProjector(
      { data, size: [size, size, size], apix: 1 },
      { padding: size === 14 ? 2 : 4 },
    );
    const rings = projector.maxRings;
    const rotations = [randomRotation(random), randomRotation(random)];
    const slices = projector.project(Float32Array.from(rotations.flat()), rings);
    rotations.forEach((r, n) => {
      const expected = eachSample(rings, (kx, ky) => {
        let [re, im] = [0, 0];
        for (let i = 0; i < data.length; i++) {
          const [x, y, z] = [i, i / size, i / size ** 2].map((c) => (Math.floor(c) % size) - (size >> 1));
          const u = r[0]! * x! + r[1]! * y! + r[2]! * z!;
          const v = r[3]! * x! + r[4]! * y! + r[5]! * z!;
          const angle = (-2 * Math.PI * (kx * u + ky * v)) / size;
          re += data[i]! * Math.cos(angle);
          im += data[i]! * Math.sin(angle);
        }
        return [re, im];
      });
      const slice = slices.subarray((n * slices.length) / 2, ((n + 1) * slices.length) / 2);
      for (const { ring, error } of compareRings(slice, expected, rings)) {
        assert.ok(error < 1e-4, `box ${size}, ring ${ring}: error ${error}`);
      }
    });
  }
});

test("invalid maps, paddings, rings and rotations are refused", () => {
  const cube: Volume = { data: new Float32Array(512), size: [8, 8, 8], apix: 1 };
  assert.throws(() => new MapProjector({ ...cube, size: [8, 8, 4] }), InputError);
  assert.throws(() => new MapProjector(cube, { padding: 1 }), InputError);
  const projector = new MapProjector(cube);
  assert.throws(() => projector.project(new Float32Array(9), 4), /expected an integer from 1 to 3, found 4/);
  assert.throws(
    () => projector.project(new Float32Array(8), 3),
    /expected 9 numbers for each projection, found 8 numbers/,
  );
  const data = cube.data.slice();
  data[8 * 8 * 2 + 8 * 1 + 5] = Number.NaN;
  assert.throws(
    () => new MapProjector({ ...cube, data }),
    /voxel \(5, 1, 2\): expected a finite number, found NaN/,
  );
});
