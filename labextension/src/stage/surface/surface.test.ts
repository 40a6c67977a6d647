import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { withoutDust } from "./dust.js";
import { cutOut, type FloatVolume, valueAt } from "./floatVolume.js";
import { lightAt } from "./occlusion.js";
import { refined } from "./refine.js";

/** A map of `n`³ voxels of 2 Å from a function of the place in voxels. */
function volumeOf(n: number, value: (x: number, y: number, z: number) => number): FloatVolume {
  const data = new Float32Array(n ** 3);
  for (let i = 0; i < data.length; i++) data[i] = value(i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2));
  return { data, size: [n, n, n], apix: 2, origin: [-n, -n, -n] };
}

describe("dust", () => {
  // A bar of 8 voxels, a diagonal of 3, a speck
  const bar = (x: number, y: number, z: number) => y === 4 && z === 4 && x >= 2 && x < 10;
  const diagonal = (x: number, y: number, z: number) => x === y && y === z && x >= 10 && x < 13;
  const speck = (x: number, y: number, z: number) => x === 14 && y === 2 && z === 9;
  const volume = volumeOf(16, (x, y, z) => (bar(x, y, z) || diagonal(x, y, z) || speck(x, y, z) ? 3 : 0.5));

  test("pieces that are shorter than the length vanish below the level, the others keep their values", () => {
    const { volume: clean, hidden, block } = withoutDust(volume, 2, 4);
    assert.equal(hidden, 1);
    assert.equal(clean.data[14 + 16 * (2 + 16 * 9)], 1);
    assert.equal(clean.data.filter((value) => value > 2).length, 8 + 3);
    assert.deepEqual(block, { lowest: [2, 4, 4], highest: [12, 12, 12] });
    assert.equal(volume.data[14 + 16 * (2 + 16 * 9)], 3, "the given map stays");
  });

  test("the longest piece always stays, and without a length all do", () => {
    const { volume: clean, hidden, block } = withoutDust(volume, 2, 1000);
    assert.equal(hidden, 2);
    assert.deepEqual(block, { lowest: [2, 4, 4], highest: [9, 4, 4] });
    assert.equal(clean.data.filter((value) => value > 2).length, 8);
    assert.equal(withoutDust(volume, 2, 0).volume, volume);
    assert.deepEqual(withoutDust(volume, 2, 0).block, { lowest: [2, 2, 4], highest: [14, 12, 12] });
    assert.equal(withoutDust(volume, 5, 10).block, undefined);
  });

  test("a negative level takes what is below it", () => {
    const negative = { ...volume, data: volume.data.map((value) => -value) };
    const { hidden, volume: clean } = withoutDust(negative, -2, 4);
    assert.equal(hidden, 1);
    assert.equal(clean.data.filter((value) => value < -2).length, 8 + 3);
  });
});

test("voxels that are not numbers, and a level that is none, make no surface", () => {
  const volume = volumeOf(8, (x, y, z) => (x === 3 && y === 4 && z === 5 ? 2 : x === 0 ? Number.NaN : 0));
  for (const dust of [0, 1]) {
    assert.deepEqual(withoutDust(volume, 1, dust).block, { lowest: [3, 4, 5], highest: [3, 4, 5] });
    assert.equal(withoutDust(volume, Number.NaN, dust).block, undefined);
  }
});

describe("a finer grid", () => {
  test("keeps the values and places of the voxels and follows a parabola exactly", () => {
    const parabola = (x: number, y: number, z: number) => 1 + 0.3 * x * x - 0.2 * y * z + z;
    const volume = volumeOf(8, parabola);
    const fine = refined(volume, 3);
    assert.deepEqual([fine.size, fine.origin], [[22, 22, 22], volume.origin]);
    assert.ok(Math.abs(fine.apix - 2 / 3) < 1e-12);
    const at = valueAt(fine);
    for (let z = 3; z <= 18; z++) {
      for (let x = 3; x <= 18; x++) {
        const expected = parabola(x / 3, 10 / 3, z / 3);
        assert.ok(Math.abs(at(x, 10, z) - expected) < 1e-4, `${x}, ${z}: ${at(x, 10, z)}, ${expected}`);
      }
    }
  });

  test("a part of a map keeps its places", () => {
    const volume = volumeOf(8, (x, y, z) => x + 10 * y + 100 * z);
    const part = cutOut(volume, { lowest: [3, 0, 5], highest: [4, 1, 7] }, 1);
    assert.deepEqual(
      [part.size, part.origin],
      [
        [4, 3, 4],
        [-8 + 4, -8, -8 + 8],
      ],
    );
    assert.equal(valueAt(part)(0.5, 2, 1), 2.5 + 20 + 500);
    assert.equal(valueAt(part)(0.5, 2, 3.5), 0, "outside");
  });
});

test("grooves are darker than planes, and planes darker than tips", () => {
  // A half space below z = 20 with a slit of 5 voxels, and a needle above it
  const volume = volumeOf(40, (x, y, z) => {
    const isNeedle = Math.hypot(x - 32, y - 20) < 2 && z < 32;
    return (z < 20 && Math.abs(x - 12) > 2) || isNeedle ? 1 : 0;
  });
  const place = (x: number, y: number, z: number) => [x, y, z].map((at) => 2 * at - 40);
  const position = Float32Array.from([...place(12, 20, 10), ...place(22, 20, 20), ...place(32, 20, 32)]);
  const normal = Float32Array.from([0, 0, 1, 0, 0, 1, 0, 0, 1]);
  const [groove, plane, tip] = lightAt(volume, 0.5, { position, normal }, 12) as unknown as [
    number,
    number,
    number,
  ];
  assert.ok(groove < 0.7 && plane > 0.8 && tip > 0.99 && tip >= plane, `${groove}, ${plane}, ${tip}`);
});
