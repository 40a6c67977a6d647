import assert from "node:assert/strict";
import { test } from "vitest";
import { Random } from "../random";
import {
  fft2Real,
  fft3Real,
  frequency,
  goodFftSize,
  halfWidth,
  ifft2Real,
  ifft3Real,
  shiftOrigin,
} from "./fft";
import { fftPlan } from "./fftPlan";

function randoms(n: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: n }, () => random.normal());
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

/** The definition, term by term, with the origin at index `origin` of each axis. */
function naive3(
  real: Float64Array,
  [nx, ny, nz]: [number, number, number],
  origin: [number, number, number] = [0, 0, 0],
): Float64Array {
  const width = halfWidth(nx);
  const half = new Float64Array(2 * width * ny * nz);
  let to = 0;
  for (let kz = 0; kz < nz; kz++) {
    for (let ky = 0; ky < ny; ky++) {
      for (let kx = 0; kx < width; kx++, to += 2) {
        let i = 0;
        for (let z = 0; z < nz; z++) {
          for (let y = 0; y < ny; y++) {
            for (let x = 0; x < nx; x++, i++) {
              const turns =
                (kx * (x - origin[0])) / nx +
                (frequency(ky, ny) * (y - origin[1])) / ny +
                (frequency(kz, nz) * (z - origin[2])) / nz;
              half[to]! += real[i]! * Math.cos(2 * Math.PI * turns);
              half[to + 1]! -= real[i]! * Math.sin(2 * Math.PI * turns);
            }
          }
        }
      }
    }
  }
  return half;
}

test("a transform of any length equals the definition: powers of two, mixed radices, large primes", () => {
  for (const n of [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 21, 25, 26, 34, 37, 49, 60, 64, 84, 96, 97, 100,
  ]) {
    const input = randoms(2 * n, n);
    const kept = input.slice();
    const out = new Float64Array(2 * n);
    fftPlan(n).forward(out, input);
    const expected = new Float64Array(2 * n);
    for (let k = 0; k < n; k++) {
      for (let j = 0; j < n; j++) {
        const angle = (-2 * Math.PI * ((j * k) % n)) / n;
        expected[2 * k]! += input[2 * j]! * Math.cos(angle) - input[2 * j + 1]! * Math.sin(angle);
        expected[2 * k + 1]! += input[2 * j]! * Math.sin(angle) + input[2 * j + 1]! * Math.cos(angle);
      }
    }
    assert.ok(largestDifference(out, expected) < 1e-11, `length ${n}`);
    assert.deepEqual(input, kept, "the input is not changed");
  }
});

test("a length that is not a positive integer is refused", () => {
  for (const n of [0, -4, 2.5, Number.NaN])
    assert.throws(() => fftPlan(n), /expected an integer of 1 or more/);
});

test("real transforms in two and three dimensions equal the definition for even and odd sizes, and are inverted", () => {
  const sizes: [number, number, number][] = [
    [8, 8, 1],
    [7, 5, 1],
    [1, 4, 1],
    [9, 6, 4],
    [6, 5, 7],
    [20, 3, 2],
    [5, 5, 5],
  ];
  for (const size of sizes) {
    const [nx, ny, nz] = size;
    const real = randoms(nx * ny * nz, nx);
    const half = fft3Real(real, size, new Float64Array(2 * halfWidth(nx) * ny * nz));
    assert.ok(largestDifference(half, naive3(real, size)) < 1e-11, `${size}`);
    const back = ifft3Real(half, size, new Float64Array(real.length));
    assert.ok(largestDifference(back, real) < 1e-13, `${size} and back`);
  }
  const image = randoms(35, 1);
  const half = fft2Real(image, 7, 5, new Float64Array(2 * 4 * 5));
  assert.ok(largestDifference(half, naive3(image, [7, 5, 1])) < 1e-11);
  assert.ok(largestDifference(ifft2Real(half, 7, 5), image) < 1e-6, "float32 by default");
});

test("shiftOrigin moves the origin to index ⌊n/2⌋ and back", () => {
  for (const size of [
    [6, 8, 4],
    [5, 7, 3],
    [6, 5, 2],
  ] as [number, number, number][]) {
    const [nx, ny, nz] = size;
    const real = randoms(nx * ny * nz, ny);
    const half = fft3Real(real, size, new Float64Array(2 * halfWidth(nx) * ny * nz));
    const before = half.slice();
    shiftOrigin(half, size, "toCentre");
    const origin: [number, number, number] = [nx >> 1, ny >> 1, nz >> 1];
    const expected = naive3(real, size, origin);
    assert.ok(largestDifference(half, expected) < 1e-11, `${size}`);
    shiftOrigin(half, size, "toCorner");
    assert.ok(largestDifference(half, before) < 1e-12, `${size} and back`);
  }
});

test("arrays of the wrong length are refused with both numbers", () => {
  assert.throws(() => fft2Real(new Float32Array(10), 4, 4), /expected 16 numbers, found 10/);
  assert.throws(() => ifft2Real(new Float32Array(10), 4, 4), /expected 24 numbers, found 10/);
});

test("goodFftSize gives even sizes of factors 2, 3 and 5", () => {
  assert.deepEqual([1, 2, 7, 22, 49, 64, 97, 121].map(goodFftSize), [2, 2, 8, 24, 50, 64, 100, 128]);
});
