import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { InputError } from "../errors";
import { fft3Real, frequency, halfWidth } from "../fourier/fft";
import type { Volume } from "../maps/volume";
import { Random } from "../random";
import { formatFsc, fourierShellCorrelation, halfMapsToFull, parseFsc, readFsc, resolutionAt } from "./fsc";

function noise(size: [number, number, number], seed: number, apix = 2): Volume {
  const random = new Random(seed);
  return {
    data: Float32Array.from({ length: size[0] * size[1] * size[2] }, () => random.normal()),
    size,
    apix,
  };
}

function sum(a: Volume, b: Volume, weight: number): Volume {
  return { ...a, data: a.data.map((value, i) => value + weight * b.data[i]!) };
}

test("the FSC of a map with itself is 1, with its negative −1, with added noise of equal power near 1/√2", () => {
  const a = noise([16, 16, 16], 1);
  const b = noise([16, 16, 16], 2);
  assert.ok(fourierShellCorrelation(a, a).fsc.every((value) => Math.abs(value - 1) < 1e-6));
  assert.ok(fourierShellCorrelation(a, sum(a, a, -2)).fsc.every((value) => Math.abs(value + 1) < 1e-6));
  const { fsc } = fourierShellCorrelation(a, sum(a, b, 1));
  for (const value of fsc.slice(3)) assert.ok(Math.abs(value - Math.SQRT1_2) < 0.1, `${value}`);
});

test("every shell equals the definition summed over the whole transform, for odd, even and unequal edges", () => {
  for (const size of [
    [8, 8, 8],
    [7, 7, 7],
    [6, 9, 8],
  ] as [number, number, number][]) {
    const a = noise(size, 3);
    const b = sum(a, noise(size, 4), 0.7);
    const { fsc, shell, frequency: s, resolution } = fourierShellCorrelation(a, b);
    const [nx, ny, nz] = size;
    const longest = Math.max(...size);
    const [fa, fb] = [a, b].map((v) => fft3Real(v.data, size, new Float64Array(2 * halfWidth(nx) * ny * nz)));
    const sums = Array.from({ length: (longest >> 1) + 1 }, () => [0, 0, 0]);
    for (let z = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) {
        for (let x = 0; x < nx; x++) {
          const [kx, ky, kz] = [frequency(x, nx), frequency(y, ny), frequency(z, nz)];
          const r = Math.round(Math.hypot((kx * longest) / nx, (ky * longest) / ny, (kz * longest) / nz));
          if (r >= sums.length) continue;
          // The half that is not stored is the conjugate of its mirror image: the real product is the same.
          const stored = x < halfWidth(nx);
          const at = stored
            ? 2 * (x + halfWidth(nx) * (y + ny * z))
            : 2 * (nx - x + halfWidth(nx) * (((ny - y) % ny) + ny * ((nz - z) % nz)));
          const [p, q, u, v] = [fa![at]!, fa![at + 1]!, fb![at]!, fb![at + 1]!];
          sums[r]![0]! += p * u + q * v;
          sums[r]![1]! += p * p + q * q;
          sums[r]![2]! += u * u + v * v;
        }
      }
    }
    sums.forEach(([ab, aa, bb], r) => {
      assert.ok(Math.abs(fsc[r]! - ab! / Math.sqrt(aa! * bb!)) < 1e-5, `${size}, shell ${r}`);
      assert.equal(shell[r], r);
      assert.equal(s[r], r / (longest * 2));
      assert.equal(resolution[r], (longest * 2) / r);
    });
  }
});

test("a mask is multiplied to both maps", () => {
  const a = noise([8, 8, 8], 5);
  const b = noise([8, 8, 8], 6);
  const mask = { ...a, data: a.data.map((_, i) => (i % 3 === 0 ? 1 : 0.25)) };
  const times = (v: Volume) => ({ ...v, data: v.data.map((value, i) => value * mask.data[i]!) });
  assert.deepEqual(fourierShellCorrelation(a, b, { mask }), fourierShellCorrelation(times(a), times(b)));
});

test("shells without signal have correlation 0", () => {
  const a = noise([8, 8, 8], 7);
  const empty = { ...a, data: new Float32Array(512) };
  assert.deepEqual([...fourierShellCorrelation(a, empty).fsc], [0, 0, 0, 0, 0]);
});

test("maps of different size or voxels are refused with both described", () => {
  const a = noise([8, 8, 8], 8);
  const names = ["half1.mrc", "half2.mrc"] as const;
  assert.throws(
    () => fourierShellCorrelation(a, noise([8, 8, 6], 1), { names }),
    /half2.mrc: expected 8×8×8 voxels of 2 Å as in half1.mrc, found 8×8×6 voxels of 2 Å/,
  );
  assert.throws(
    () => fourierShellCorrelation(a, { ...a, apix: 2.1 }),
    /second map: expected 8×8×8 voxels of 2 Å as in first map, found 8×8×8 voxels of 2.1 Å/,
  );
  assert.throws(
    () => fourierShellCorrelation(a, a, { mask: noise([6, 6, 6], 1) }),
    /^InputError: mask: expected/,
  );
  assert.doesNotThrow(() => fourierShellCorrelation(a, { ...a, apix: 2.0005 }), "rounded in a header");
});

test("resolutionAt interpolates in frequency, and handles curves that are never or always below the threshold", () => {
  const curve = (fsc: number[]) => ({
    shell: Int32Array.from(fsc, (_, i) => i),
    frequency: Float64Array.from(fsc, (_, i) => i / 100),
    resolution: Float64Array.from(fsc, (_, i) => 100 / i),
    fsc: Float64Array.from(fsc),
  });
  assert.equal(resolutionAt(curve([1, 1, 0.8, 0.2, 0.9]), 0.5), 1 / 0.025);
  assert.equal(resolutionAt(curve([1, 1, 0.9, 0.8]), 0.5), 100 / 3);
  assert.equal(resolutionAt(curve([1, 0.4, 0.9]), 0.5), Number.POSITIVE_INFINITY);
  const full = halfMapsToFull(curve([1, 0.5, 0, -0.1]));
  assert.deepEqual(
    [...full.fsc].map((value) => Number(value.toFixed(4))),
    [1, 0.6667, 0, -0.2222],
  );
});

test("an FSC table is read back as written, and damaged ones are refused with the line", async (t) => {
  const curve = fourierShellCorrelation(noise([12, 12, 12], 9), noise([12, 12, 12], 10));
  const file = path.join(temporaryFolder(t), "fsc.txt");
  writeFileSync(file, formatFsc(curve));
  const back = await readFsc(file);
  assert.deepEqual(back.shell, curve.shell);
  assert.equal(back.resolution[0], Number.POSITIVE_INFINITY);
  for (let i = 1; i < curve.fsc.length; i++) {
    assert.ok(Math.abs(back.fsc[i]! - curve.fsc[i]!) < 1e-6);
    assert.ok(Math.abs(back.frequency[i]! - curve.frequency[i]!) < 1e-6);
    assert.ok(Math.abs(back.resolution[i]! - curve.resolution[i]!) < 1e-4);
  }
  assert.throws(() => parseFsc("<html>", "x.txt"), InputError);
  assert.throws(
    () => parseFsc(formatFsc(curve).replace(/\n3\t.*\n/, "\n3\t0.1\tten\t1\n"), "x.txt"),
    /x.txt: line 5: expected four numbers, found "3\t0.1\tten\t1"/,
  );
});
