import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { Volume } from "../../maps/volume";
import { Random } from "../../random";
import { fscArea } from "./fscArea";

const n = 8;

function noise(seed: number, smooth = 0): Volume {
  const random = new Random(seed);
  const data = Float32Array.from({ length: n ** 3 }, (_, i) => {
    const x = i % n;
    return random.normal() + smooth * Math.cos((2 * Math.PI * x) / n);
  });
  return { data, size: [n, n, n], apix: 2 };
}

/** The published definition, by a Fourier sum over all samples −n/2 … n/2 − 1. */
function published(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  const transform = (map: ArrayLike<number>, k: readonly number[]) => {
    let [re, im] = [0, 0];
    for (let i = 0; i < n ** 3; i++) {
      const place = [i % n, Math.floor(i / n) % n, Math.floor(i / n / n)];
      const angle = (-2 * Math.PI * place.reduce((sum, x, axis) => sum + x * k[axis]!, 0)) / n;
      re += map[i]! * Math.cos(angle);
      im += map[i]! * Math.sin(angle);
    }
    return [re, im] as const;
  };
  const [cross, aa, bb] = [0, 1, 2].map(() => new Array<number>(n / 2).fill(0)) as [
    number[],
    number[],
    number[],
  ];
  for (let k = 0; k < n ** 3; k++) {
    const at = [k % n, Math.floor(k / n) % n, Math.floor(k / n / n)].map((x) => x - n / 2);
    const distance = Math.hypot(...at);
    for (let shell = 1; shell < n / 2; shell++) {
      if (!(distance < shell && distance >= shell - 1)) continue;
      const [ar, ai] = transform(a, at);
      const [br, bi] = transform(b, at);
      cross[shell]! += ar * br + ai * bi;
      aa[shell]! += ar * ar + ai * ai;
      bb[shell]! += br * br + bi * bi;
    }
  }
  return cross.map((sum, shell) => (shell === 0 ? 1 : sum / Math.sqrt(aa[shell]! * bb[shell]!)));
}

/** Trapezes over i/n of values kept within 0 … 1. */
function area(fsc: readonly number[]): number {
  const bounded = fsc.map((value) => Math.min(1, Math.max(0, value)));
  return bounded.slice(1).reduce((sum, value, i) => sum + (value + bounded[i]!) / 2 / n, 0);
}

describe("area under the FSC", () => {
  test("is that of the published definition, by an independent Fourier sum, also in a mask", () => {
    const [a, b] = [noise(1, 1), noise(2, 1)];
    const mask = { ...a, data: a.data.map((_, i) => (i % n < 5 ? 1 : 0.2)) };
    for (const by of [undefined, mask]) {
      const times = ({ data }: Volume) => data.map((value, i) => value * (by ? by.data[i]! : 1));
      const expected = published(times(a), times(b));
      const found = fscArea(a, b, by ? { mask: by } : {});
      assert.equal(found.fsc.length, n / 2);
      expected.forEach((value, shell) => {
        assert.ok(Math.abs(found.fsc[shell]! - value) < 1e-5, `shell ${shell}`);
      });
      assert.ok(expected.some((value) => value < 0));
      assert.ok(Math.abs(found.area - area(expected)) < 1e-5);
    }
  });

  test("of equal maps is 1/2 − 1/n, whatever their scale", () => {
    const map = noise(3);
    const brighter = { ...map, data: map.data.map((value) => 7 * value) };
    assert.ok(Math.abs(fscArea(map, brighter).area - (0.5 - 1 / n)) < 1e-9);
  });

  test("maps of other voxels, and boxes with odd edges, are refused", () => {
    const odd: Volume = { data: new Float32Array(125), size: [5, 5, 5], apix: 2 };
    assert.throws(() => fscArea(odd, odd), /even number of voxels/);
    assert.throws(() => fscArea(noise(1), odd), /map/);
  });
});
