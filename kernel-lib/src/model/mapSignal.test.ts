import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { MapProjector } from "../maps/mapProjector";
import { sphericalMask } from "../maps/mask";
import type { Volume } from "../maps/volume";
import { Random } from "../random";
import { modelDensity } from "./density";
import { emptyModel, Row } from "./gaussianModel";
import { inMask } from "./growthMap";
import { lastRingOfSignal, mapSignal } from "./mapSignal";
import { projectionFrc } from "./projectionFrc";

const [size, apix, rings] = [48, 2, 15];
/** 150 Gaussians within 20 Å of the middle of a box of 96 Å. */
const molecule = emptyModel(150, size, apix);
const random = new Random(2);
for (let i = 0; i < molecule.count; ) {
  const centre = [0, 1, 2].map(() => 0.42 * (random.uniform() - 0.5));
  if (Math.hypot(...centre) > 0.21) continue;
  for (let axis = 0; axis < 3; axis++) molecule.params[molecule.count * axis + i] = centre[axis]!;
  molecule.params[Row.amplitude * molecule.count + i] = 1;
  molecule.params[Row.sigma * molecule.count + i] = 0.9;
  i++;
}
const clear = modelDensity(molecule);

function noisy(deviation: number, within?: Float32Array): Volume {
  const noise = new Random(5);
  return { ...clear, data: clear.data.map((v, i) => v + deviation * (within?.[i] ?? 1) * noise.normal()) };
}

/** Compares parts of the power that are signal. */
function near(allowed: number, truth: number, ring: number): void {
  assert.ok(Math.abs(allowed ** 2 - truth ** 2) < 0.08, `ring ${ring}: FRC ${allowed}, true ${truth}`);
}

describe("signal of a map by the noise around the molecule", () => {
  for (const deviation of [0.1, 0.3]) {
    const map = noisy(deviation);

    test(`noise ${deviation}: the FRC that it allows is that of the true model`, () => {
      const { allowedFrc } = mapSignal(map, undefined, rings)!;
      const truth = projectionFrc(molecule, new MapProjector(map), rings);
      for (let r = 2; r <= rings; r++) {
        near(allowedFrc[r]!, truth[r]!, r);
      }
    });

    test(`noise ${deviation}, inside a mask: likewise, and it is more`, () => {
      const mask = sphericalMask(map, { diameter: 46 });
      const { allowedFrc } = mapSignal(map, mask, rings)!;
      const truth = projectionFrc(molecule, new MapProjector(inMask(map, mask)), rings);
      const whole = mapSignal(map, undefined, rings)!.allowedFrc;
      for (let r = 2; r <= rings; r++) {
        near(allowedFrc[r]!, truth[r]!, r);
        assert.ok(allowedFrc[r]! > whole[r]! - 0.01, `ring ${r}`);
      }
    });
  }

  test("corners without noise change nothing but what a model of the whole box can reach", () => {
    const inner = sphericalMask(clear, { diameter: 92 }).data;
    const { fraction, allowedFrc } = mapSignal(noisy(0.3, inner), undefined, rings)!;
    const whole = mapSignal(noisy(0.3), undefined, rings)!;
    for (let r = 2; r <= rings; r++) {
      assert.ok(
        Math.abs(fraction[r]! - whole.fraction[r]!) < 0.1,
        `ring ${r}: ${fraction[r]}, ${whole.fraction[r]}`,
      );
    }
    assert.ok(allowedFrc[12]! > whole.allowedFrc[12]! + 0.03, `${allowedFrc[12]}, ${whole.allowedFrc[12]}`);
  });

  test("a map without noise is signal in every ring", () => {
    const { fraction, allowedFrc } = mapSignal(clear, undefined, rings)!;
    assert.ok(fraction.subarray(1).every((f) => f > 0.99));
    assert.ok(allowedFrc.subarray(1).every((f) => f > 0.999));
    assert.equal(lastRingOfSignal({ fraction }), rings);
  });

  test("noise cannot be judged where the molecule fills the box, nor where no molecule is seen", () => {
    const filled = { ...clear, data: clear.data.map((_, i) => Math.sin(i / 7)) };
    assert.equal(
      mapSignal(filled, { ...clear, data: new Float32Array(size ** 3).fill(1) }, rings),
      undefined,
    );
    const noise = new Random(6);
    const none = { ...clear, data: clear.data.map(() => noise.normal()) };
    assert.equal(mapSignal(none, undefined, rings), undefined);
  });

  test("signal ends where a ring and its neighbours have less than a quarter", () => {
    assert.equal(lastRingOfSignal({ fraction: Float64Array.from([0, 1, 1, 0.6, 0.1, 0.1, 0.1, 0.9]) }), 4);
    assert.equal(lastRingOfSignal({ fraction: Float64Array.from([0, 1, 1, 0.2, 0.6, 0.4]) }), 5);
  });
});
