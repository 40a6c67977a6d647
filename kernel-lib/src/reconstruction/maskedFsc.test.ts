import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError } from "../errors";
import { gaussianMap, randomGaussians } from "../maps/analytic.test.helper";
import { filterVolume } from "../maps/filter";
import { sphericalMask } from "../maps/mask";
import type { Volume } from "../maps/volume";
import { Random } from "../random";
import { fourierShellCorrelation } from "./fsc";
import { maskedFsc } from "./maskedFsc";
import { sharpen } from "./sharpen";

const n = 32;
const truth = gaussianMap(randomGaussians(40, 0.2, 3), 1, n);

function noisy(map: Volume, noise: number, seed: number): Volume {
  const random = new Random(seed);
  return { ...map, data: map.data.map((x) => x + noise * random.normal()) };
}

test("agreement that a mask invents is taken away, and that of the maps stays", () => {
  // Signal in the inner shells only.
  const smooth = filterVolume(truth, (s) => (s * n * truth.apix < 6.5 ? 1 : 0));
  const [a, b] = [noisy(smooth, 0.05, 1), noisy(smooth, 0.05, 2)];
  const tight = sphericalMask(a, { diameter: 14, softEdge: 1 });
  const { masked, corrected, randomized, from } = maskedFsc(a, b, tight);
  assert.ok(from >= 6 && from <= 7, `${from}`);
  // Shells that hold noise alone correlate in the mask by what comes over from the strong shells.
  assert.ok(masked.fsc[8]! > 0.3 && randomized.fsc[8]! > 0.3, `${masked.fsc[8]}`);
  for (let shell = 9; shell < 16; shell++) assert.ok(Math.abs(corrected.fsc[shell]!) < 0.35, `${shell}`);
  for (let shell = 1; shell < 6; shell++) assert.ok(corrected.fsc[shell]! > 0.95, `${shell}`);
  assert.throws(() => maskedFsc(a, b, tight, { randomizeBelow: 1 }), InputError);
});

test("random phases keep amplitudes, depend on the seed alone, and leave maps real", () => {
  const [a, b] = [noisy(truth, 1, 1), noisy(truth, 1, 2)];
  const everywhere = { ...truth, data: new Float32Array(truth.data.length).fill(1) };
  const [one, again] = [maskedFsc(a, b, everywhere), maskedFsc(a, b, everywhere)];
  assert.deepEqual(one.randomized.fsc, again.randomized.fsc);
  const beyond = Array.from(one.randomized.fsc.slice(one.from + 1));
  assert.ok(beyond.every((value) => Math.abs(value) < 0.25));
  // Without a mask nothing is invented, and within the first random shell nothing changes.
  for (let shell = 1; shell < one.from; shell++)
    assert.ok(Math.abs(one.randomized.fsc[shell]! - one.unmasked.fsc[shell]!) < 1e-6);
});

test("sharpening takes away the fall of the amplitudes that it fits", () => {
  // A white map that falls by a B factor of 200 Å².
  const white = noisy({ ...truth, data: new Float32Array(n ** 3) }, 1, 7);
  const fallen = filterVolume(white, (s) => Math.exp((-200 * s * s) / 4));
  const curve = fourierShellCorrelation(fallen, fallen);
  const { bFactor, map } = sharpen(fallen, fallen, curve, { fitFrom: 24, resolution: 3 });
  assert.ok(Math.abs(bFactor + 200) < 10, `${bFactor}`);
  const agreement = fourierShellCorrelation(map, white).fsc.slice(1, 14);
  assert.ok(agreement.every((value) => value > 0.999));
  assert.throws(
    () => sharpen(fallen, fallen, curve, { resolution: 24, fitFrom: 24 }),
    /bFactor: expected a number/,
  );
});
