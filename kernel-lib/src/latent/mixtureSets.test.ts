import assert from "node:assert/strict";
import { test } from "vitest";
import { Random } from "../random";
import { mixtureSets } from "./mixtureSets";

test("as many sets as asked for are made, by places if the images tell fewer groups apart", async () => {
  const random = new Random(4);
  const points = Float32Array.from({ length: 400 }, (_, i) => (i % 2 ? 4 : -4) + 0.5 * random.normal());
  const asked: (boolean | undefined)[] = [];
  // Images that tell nothing leave one group.
  const assign = async (_: unknown, { join }: { join?: boolean }) => ({
    ...{ probabilities: new Float32Array(400).fill(1), labels: new Int32Array(400), joined: 1 },
    ...{ certainty: new Float32Array(400).fill(1), sizes: Int32Array.of(400), weights: Float64Array.of(1) },
    ...{ centres: new Float32Array(1), sentence: `joined: ${join}` },
  });
  const record: NonNullable<Parameters<typeof mixtureSets>[2]["assign"]> = (groups) => {
    asked.push(groups.join);
    return assign(undefined, groups);
  };
  const two = await mixtureSets(points, 1, { clusters: 2, assign: record });
  assert.deepEqual([two.by, Array.from(two.sizes)], ["places", [200, 200]]);
  assert.match(
    two.advice,
    /The images tell 1 of these 2 groups apart: particles are assigned by their places\.$/,
  );
  const own = await mixtureSets(points, 1, { clusters: "auto", assign: record });
  assert.deepEqual([own.by, Array.from(own.sizes)], ["images", [400]]);
  assert.deepEqual(asked, [false, true]);
});
