import assert from "node:assert/strict";
import { test } from "vitest";
import { movingParticles } from "../correction/movingDomain.test.helper";
import { Random } from "../random";
import type { ImageSource } from "./imageSource";
import { reconstruct } from "./reconstruct";

const count = 300;
const still = movingParticles(new Float32Array(count), 1).source;

/** The same particles, some of them with the opposite sign. */
function partlyInverted(isInverted: (index: number) => boolean, source: ImageSource = still): ImageSource {
  return {
    ...source,
    readGroupImages: async (indices) => {
      const images = (await source.readGroupImages(indices)).slice();
      const pixels = images.length / indices.length;
      for (let n = 0; n < indices.length; n++)
        if (isInverted(indices[n]!)) for (let i = 0; i < pixels; i++) images[n * pixels + i]! *= -1;
      return images;
    },
  };
}

/** How many of the particles are known for what they are. */
async function found(isInverted: (index: number) => boolean, source?: ImageSource) {
  const { inverted } = await reconstruct(partlyInverted(isInverted, source), { halves: "none" });
  if (!inverted) return undefined;
  const named = new Set(inverted.inverted);
  let right = 0;
  for (let i = 0; i < count; i++) if (isInverted(i) === named.has(i)) right++;
  return { right: right / inverted.looked.length, named: named.size };
}

test("particles with inverted contrast are found, few of them and more than a third", async () => {
  for (const one of [20, 3]) {
    const result = await found((i) => i % one === 1);
    assert.ok(result && result.right > 0.9, `1 of ${one}: ${JSON.stringify(result)}`);
  }
});

test("half of the particles inverted, which leaves nothing in the map, are found as well; which half is which nobody can tell", async () => {
  const result = await found((i) => i % 4 < 2);
  assert.ok(result && Math.max(result.right, 1 - result.right) > 0.9, JSON.stringify(result));
});

test("nothing is said of particles with one sign, of wrong poses, and of noise", async () => {
  assert.equal(await found(() => false), undefined);
  assert.equal(await found(() => true), undefined);
  const random = new Random(4);
  // Each particle with the pose of another one.
  const turned = {
    ...still,
    rotations: () => still.rotations().map((_, i, all) => all[(i + 9) % all.length]!),
  };
  assert.equal(await found(() => false, turned), undefined);
  const noise = {
    ...still,
    readGroupImages: async (indices: ArrayLike<number>) =>
      Float32Array.from({ length: indices.length * still.boxSize ** 2 }, () => random.normal()),
  };
  assert.equal(await found(() => false, noise), undefined);
});
