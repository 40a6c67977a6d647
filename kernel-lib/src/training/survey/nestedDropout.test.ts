import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Random } from "../../random";
import { nestedMasks } from "./nestedDropout";

const shape = { count: 20_000, latent: 4, networks: 2 };

/** Number of axes that each network reads of each particle; undefined if they are not the first ones. */
function axesRead(mask: Float32Array, latent: number): (number | undefined)[] {
  return Array.from({ length: mask.length / latent }, (_, b) => {
    const own = [...mask.subarray(b * latent, (b + 1) * latent)];
    const read = own.reduce((sum, value) => sum + value, 0);
    return own.every((value, d) => value === Number(d < read)) ? read : undefined;
  });
}

function fraction(flags: boolean[]): number {
  return flags.filter(Boolean).length / flags.length;
}

describe("nested dropout", () => {
  test("axes are left out from the last on, for the wanted fraction of particles, each number as often", () => {
    const masks = nestedMasks({ axes: 0.5, kinds: 0 }, shape, new Random(1));
    assert.deepEqual(
      masks.map(({ length }) => length),
      [80_000, 80_000],
    );
    assert.deepEqual(masks[0], masks[1]);
    const read = axesRead(masks[0]!, 4);
    for (const k of [1, 2, 3]) {
      const share = fraction(read.map((own) => own === k));
      assert.ok(Math.abs(share - 0.5 / 3) < 0.01, `${k} axes: ${share}`);
    }
    assert.ok(Math.abs(fraction(read.map((own) => own === 4)) - 0.5) < 0.01);
  });

  test("a kind is left out for the wanted fraction, each as often, and never both", () => {
    const masks = nestedMasks({ axes: 0.5, kinds: 0.4 }, shape, new Random(2));
    const [first, second] = masks.map((mask) => axesRead(mask, 4));
    for (const read of [first!, second!])
      assert.ok(Math.abs(fraction(read.map((own) => own === 0)) - 0.2) < 0.01);
    assert.ok(first!.every((own, b) => own === second![b] || own === 0 || second![b] === 0));
    assert.ok(first!.every((own, b) => own !== undefined && own + second![b]! > 0));
  });

  test("one axis, or one network, is never left out", () => {
    const [only] = nestedMasks({ axes: 1, kinds: 1 }, { count: 100, latent: 1, networks: 1 }, new Random(3));
    assert.ok(only!.every((value) => value === 1));
  });

  test("a seed repeats the masks", () => {
    const [a, b] = [4, 4].map((seed) => nestedMasks({ axes: 0.5, kinds: 0.4 }, shape, new Random(seed)));
    assert.deepEqual(a, b);
  });
});
