import assert from "node:assert/strict";
import { test } from "vitest";
import { InputError } from "../errors";
import { goodFftSize } from "./fft";
import { boxOfRings, ringsOfBox, ringsWithin, trainingBox } from "./trainingBox";

test("the training box is the smallest good one for the resolution, limited by the images", () => {
  const set = { boxSize: 64, apix: 1.5 };
  assert.deepEqual(trainingBox(set, 4), { boxSize: 50, apix: 1.92, rings: 24 });
  assert.deepEqual(trainingBox(set, 6), { boxSize: 36, apix: 96 / 36, rings: 16 });
  assert.deepEqual(trainingBox(set, 1), { boxSize: 64, apix: 1.5, rings: 31 });
  assert.deepEqual(trainingBox({ boxSize: 65, apix: 1 }, 0.5), { boxSize: 72, apix: 65 / 72, rings: 32 });
  assert.throws(() => trainingBox(set, 0), /resolution: expected a number of Å above 0, found 0/);
  assert.throws(() => trainingBox(set, Number.NaN), InputError);
  assert.deepEqual([1, 11, 13, 31, 33, 98, 127, 251].map(goodFftSize), [2, 12, 16, 32, 36, 100, 128, 256]);
});

test("box and rings agree for every box and resolution", () => {
  let settings = 0;
  for (const boxSize of [16, 33, 64, 65, 96, 100, 128, 200, 256, 360]) {
    for (const apix of [0.5, 0.83, 1, 1.06, 1.5, 2.7]) {
      const boxLength = boxSize * apix;
      for (const resolution of [2 * apix, 3, 3.3, 4.5, 6, 8, 12, boxLength / 7, boxLength / 3, boxLength]) {
        if (resolution > boxLength) continue;
        const box = trainingBox({ boxSize, apix }, resolution);
        const where = `${boxSize} × ${apix} Å to ${resolution} Å`;
        assert.equal(box.rings, Math.min(ringsWithin(boxLength, resolution), ringsOfBox(boxSize)), where);
        // The last ring is within the resolution; the next is beyond it or the Nyquist frequency.
        assert.ok(boxLength / box.rings >= resolution * (1 - 1e-5), where);
        const next = box.rings + 1;
        assert.ok(next > ringsOfBox(boxSize) || boxLength / next < resolution, where);
        assert.ok(box.rings <= ringsOfBox(box.boxSize), where);
        assert.equal(box.boxSize, boxOfRings(box.rings), where);
        assert.ok(Math.abs(box.boxSize * box.apix - boxLength) < 1e-9 * boxLength, where);
        // Computing the rings again in this box gives the same number.
        assert.equal(
          ringsWithin(box.boxSize * box.apix, boxLength / box.rings, box.boxSize),
          box.rings,
          where,
        );
        settings++;
      }
    }
  }
  assert.ok(settings > 500, `${settings} settings`);
});

test("a resolution coarser than the box is refused", () => {
  assert.throws(() => ringsWithin(96, 97), /resolution: expected finer than 96 Å, found 97 Å/);
});
