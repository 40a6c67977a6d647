import assert from "node:assert/strict";
import { test } from "vitest";
import type { Volume } from "../../maps/volume";
import { Random } from "../../random";
import { fourierShellCorrelation } from "../../reconstruction/fsc";
import { shownMap } from "./shownMap";

const n = 24;
const size: [number, number, number] = [n, n, n];
const random = new Random(4);
const noise = (sigma: number) => Float32Array.from({ length: n ** 3 }, () => sigma * random.normal());
/** A smooth ball, voxels of 3 Å. */
const ball = Float32Array.from({ length: n ** 3 }, (_, i) => {
  const [x, y, z] = [i % n, Math.floor(i / n) % n, Math.floor(i / n ** 2)].map((k) => k - n / 2) as [
    number,
    number,
    number,
  ];
  return Math.exp(-(x * x + y * y + z * z) / 18);
});
const volume = (data: Float32Array): Volume => ({ data, size, apix: 3 });
const plus = (a: Float32Array, b: Float32Array) => volume(a.map((value, i) => value + b[i]!));

test("a map is shown without the noise beyond the resolution of its half maps, and its note says so", () => {
  const [half1, half2] = [plus(ball, noise(0.1)), plus(ball, noise(0.1))];
  const map = volume(half1.data.map((value, i) => (value + half2.data[i]!) / 2));
  const shown = shownMap({ map, half1, half2, fsc: fourierShellCorrelation(half1, half2), leftOut: [] });
  const [, resolution] = shown.note.match(
    /^filtered to ([\d.]+) Å, where the FSC of its half maps falls below 0\.143$/,
  )!;
  assert.ok(Number(resolution) > 6 && Number(resolution) < 36, `${resolution} Å`);
  const error = ({ data }: Volume) => Math.sqrt(data.reduce((sum, x, i) => sum + (x - ball[i]!) ** 2, 0));
  assert.ok(error(shown.map) < 0.5 * error(map), `${error(shown.map)} of ${error(map)}`);
  assert.equal(shown.map.apix, 3);
});

test("a map that reaches Nyquist's frequency, or has no half maps or no signal, is shown as it is", () => {
  const map = volume(ball);
  const fsc = fourierShellCorrelation(map, map);
  assert.deepEqual(shownMap({ map, fsc, leftOut: [] }), { map, note: "" });
  assert.deepEqual(shownMap({ map, leftOut: [] }), { map, note: "not filtered, as there are no half maps" });
  const none = { ...fsc, fsc: fsc.fsc.map(() => 0) };
  const shown = shownMap({ map, fsc: none, leftOut: [] });
  assert.equal(shown.map, map);
  assert.match(shown.note, /^not filtered: the FSC of its half maps is nowhere above 0\.143$/);
});
