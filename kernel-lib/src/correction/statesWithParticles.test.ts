import assert from "node:assert/strict";
import { test } from "vitest";
import { requireParticlesAround } from "./statesWithParticles";

test("states that no particles are around are refused, on the axes that are followed alone", () => {
  const count = 40;
  const places = Float32Array.from({ length: 2 * count }, (_, k) =>
    k % 2 === 0 ? (k / 2 / (count - 1)) * 2 - 1 : ((k * 7) % 11) / 11,
  );
  // A particle that takes no part stands alone.
  places.set([50, 50], 0);
  const indices = Array.from({ length: count - 1 }, (_, i) => i + 1);
  const onFirst = requireParticlesAround(places, { latent: 2, axes: [0], indices });
  onFirst([0.5, 0]);
  onFirst([0.5, 40]);
  assert.throws(
    () => onFirst([3, 0]),
    /^InputError: state: expected a place that particles are around, found 3, 0$/,
  );
  assert.throws(() => onFirst([50, 50]), /found 50, 50/);
  const onBoth = requireParticlesAround(places, { latent: 2, axes: [0, 1], indices });
  onBoth([0.5, 0.5]);
  assert.throws(() => onBoth([0.5, 40]), /found 0\.5, 40/);
  requireParticlesAround(places, { latent: 2, axes: [], indices })([9, 9]);
});
