import assert from "node:assert/strict";
import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { describe, test } from "vitest";
import { pearson } from "../statistics";
import { localEigenmotions } from "./localEigenmotions";
import { motionComponents } from "./motionComponents";
import { arm, closedFormDecoder, core, lid, normalPoints, rmsBetween } from "./twoDomains.test.helper";

const near = (found: number, expected: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${what}: ${found}, not ${expected}`);

/** Arm and lid along directions that are neither axes nor orthogonal, a third axis without meaning. */
const mixed = closedFormDecoder(3, ([p, q]) => ({
  slide: 3 * (0.8 * p! + 0.6 * q!),
  turn: 0.1 * (0.9 * q! - 0.4 * p!),
}));
const points = normalPoints(600, [1, 1, 5]);
const columnOf = (scores: ArrayLike<number>, count: number, c: number) =>
  Float64Array.from({ length: scores.length / count }, (_, i) => scores[i * count + c]!);
const slides = Float64Array.from(
  { length: 600 },
  (_, i) => 3 * (0.8 * points[3 * i]! + 0.6 * points[3 * i + 1]!),
);
const turns = Float64Array.from(
  { length: 600 },
  (_, i) => 0.1 * (0.9 * points[3 * i + 1]! - 0.4 * points[3 * i]!),
);

describe("local eigenmotions", () => {
  test("of two domains are their own motions, in Å, whatever the axes of the latent space", async () => {
    const deviations = new Float32Array(points.length).fill(0.1);
    const found = await localEigenmotions(mixed, points, [arm, lid], { maxPoints: 64, deviations });
    const [[first], [second]] = found.regions as [
      [(typeof found.regions)[0][0]],
      [(typeof found.regions)[0][0]],
    ];
    const rows = [
      [first!, slides, turns],
      [second!, turns, slides],
    ] as const;
    for (const [motion, own, other] of rows) {
      assert.ok(Math.abs(pearson(motion.scores, own)) > 0.9999, `own ${pearson(motion.scores, own)}`);
      near(Math.abs(pearson(motion.scores, other)), Math.abs(pearson(own, other)), 1e-3, "other");
      assert.ok(motion.leakage < 0.01, `leakage ${motion.leakage}`);
      // The axis without meaning, of spread 5, takes part only as it correlates in the sample.
      assert.ok(Math.abs(motion.direction[2]!) < 0.2);
    }
    const spread = Math.sqrt(slides.reduce((sum, x) => sum + x * x, 0) / 600);
    near(first!.size, spread, 0.05 * spread, "size of the arm's motion");
    near(first!.noise!, 0.1 * 3, 0.01, "its uncertainty");
  });

  test("sum and difference move both domains, by as much as each other", async () => {
    const found = await localEigenmotions(mixed, points, [arm, lid], { maxPoints: 64 });
    for (const factor of [1, -1]) {
      const terms = [
        { region: 0, motion: 0 },
        { region: 1, motion: 0, factor },
      ];
      const { stations, inside, outside, particles } = found.trace(terms, { stations: 5 });
      const [from, to] = [mixed.decode(stations.subarray(0, 3)), mixed.decode(stations.subarray(12))];
      const moved = [rmsBetween(from, to, arm), rmsBetween(from, to, lid)];
      assert.ok(moved[0]! > 1, `${moved}`);
      near(moved[0]! / moved[1]!, 1, 0.1, "ratio");
      assert.ok(outside < 0.02 * inside, `${outside} of ${inside}`);
      assert.ok(particles > 0 && particles <= 600);
    }
  });

  test("a curve follows a motion whose direction turns, to the edge of the population", async () => {
    // Along a parabola the arm slides; across it the lid turns.
    const bent = closedFormDecoder(2, ([p, q]) => ({
      slide: 4 * p!,
      turn: 0.15 * (q! - 0.5 * p! ** 2),
    }));
    const along = normalPoints(1500, [1, 0.5], 3);
    for (let i = 0; i < along.length; i += 2) along[i + 1]! += 0.5 * along[i]! ** 2;
    const found = await localEigenmotions(bent, along, [arm]);
    const { stations, inside, outside, particles } = found.trace([{ region: 0, motion: 0 }], {
      stations: 11,
    });
    for (let s = 0; s < 22; s += 2) {
      const off = stations[s + 1]! - 0.5 * stations[s]! ** 2;
      assert.ok(
        Math.abs(off - (stations[11]! - 0.5 * stations[10]! ** 2)) < 0.25,
        `station ${s / 2}: ${off}`,
      );
    }
    const reach = [stations[0]!, stations[20]!].map(Math.abs).sort();
    assert.ok(reach[0]! > 1.2 && reach[1]! < 4, `${reach}`);
    near(inside, 4 * (reach[0]! + reach[1]!), 0.3, "Å inside");
    assert.ok(outside < 0.08 * inside, `${outside} of ${inside}`);
    assert.ok(particles > 1200, `${particles} particles`);
  });

  test("the motion that all share is removed first, unless it is kept", async () => {
    const drifting = closedFormDecoder(2, ([p, q]) => ({
      slide: 3 * p!,
      turn: 0.1 * q!,
      whole: 0.03 * p!,
    }));
    const population = normalPoints(400, [1, 1], 5);
    const removed = await localEigenmotions(drifting, population, [arm], { maxPoints: 64 });
    assert.ok(removed.regions[0]![0]!.leakage < 0.02, `${removed.regions[0]![0]!.leakage}`);
    near(removed.rigid, 0.03 * 12, 0.15, "rigid motion in Å");
    const kept = await localEigenmotions(drifting, population, [arm], { maxPoints: 64, removeRigid: false });
    assert.ok(kept.regions[0]![0]!.leakage > 0.05 && kept.rigid === 0);
  });

  test("further motions of a region are orthogonal in it", async () => {
    const found = await localEigenmotions(mixed, points, [Int32Array.of(...arm, ...lid)], {
      count: 2,
      maxPoints: 64,
    });
    const [first, second] = found.regions[0]!;
    near(pearson(first!.scores, second!.scores), 0, 0.2, "correlation");
    assert.ok(first!.ratio >= second!.ratio && found.regions[0]!.length === 2);
  });

  test("regions and options that make no sense are refused", async () => {
    const all = Int32Array.of(...core, ...arm, ...lid);
    for (const [regions, options, pattern] of [
      [[], {}, /regions: expected at least one, found none/],
      [[all], {}, /region: expected a part of the molecule, found all of its Gaussians/],
      [[arm, [70]], {}, /region 2: expected indices of Gaussians from 0 to 69, found 70/],
      [
        [{ centre: [0.45, 0.45, 0.45], radius: 0.01 }],
        {},
        /region: expected at least one Gaussian inside, found none/,
      ],
      [[arm], { count: 4 }, /count: expected at most 3, the axes of the latent space, found 4/],
    ] as const) {
      await assert.rejects(localEigenmotions(mixed, points, regions as never, options), pattern);
    }
    await assert.rejects(
      localEigenmotions(mixed, new Float32Array(30), [arm]),
      /points: expected points that differ/,
    );
    const found = await localEigenmotions(mixed, points, [arm], { maxPoints: 8 });
    assert.throws(() => found.trace([]), /terms: expected at least one motion/);
    assert.throws(() => found.trace([{ region: 1, motion: 0 }]), /terms: .*motion 0 of region 1/);
  });
});

describe("principal components of decoded motion", () => {
  test("agree with a singular value decomposition of the weighted displacements", async () => {
    const few = points.subarray(0, 3 * 80);
    const found = await motionComponents(mixed, few, { components: 3, removeRigid: false });
    const models = Array.from({ length: 80 }, (_, i) => mixed.decode(few.subarray(3 * i, 3 * i + 3)));
    const mass = models[0]!.params.slice(210, 280).map((a) => a * 1.5 ** 3);
    const total = mass.reduce((a, b) => a + b, 0);
    const rows = new Matrix(
      models.map(({ params }) =>
        Array.from({ length: 210 }, (_, a) => 100 * Math.sqrt(mass[a % 70]! / total) * params[a]!),
      ),
    ).center("column");
    const { diagonal, leftSingularVectors } = new SingularValueDecomposition(rows, { autoTranspose: true });
    for (const c of [0, 1]) {
      near(found.sizes[c]!, diagonal[c]! / Math.sqrt(80), 1e-3, `size ${c + 1}`);
      const expected = leftSingularVectors.getColumn(c);
      near(Math.abs(pearson(columnOf(found.scores, 3, c), expected)), 1, 1e-5, `scores ${c + 1}`);
    }
    near(
      found.explained.reduce((a, b) => a + b, 0),
      1,
      0.01,
      "explained",
    );
  });

  test("the inverse finds points with given scores, and a path has even scores", async () => {
    const found = await motionComponents(mixed, points);
    const z = found.pointAt([2, -0.5]);
    const scores = await found.scoresOf(z);
    near(scores[0]!, 2, 0.02, "PC1");
    near(scores[1]!, -0.5, 0.02, "PC2");
    // The axis without meaning stays where the particles are.
    assert.ok(Math.abs(z[2]!) < 2);
    const path = found.path(0, { from: -3, to: 3, stations: 7 });
    const along = columnOf(await found.scoresOf(path), found.count, 0);
    for (const [s, score] of along.entries()) near(score, s - 3, 0.02, `station ${s}`);
    const [low, high] = [found.path(1).subarray(0, 3), found.path(1).subarray(-3)].map((end) => end.slice());
    const ends = await found.scoresOf(Float32Array.of(...low!, ...high!));
    const below = columnOf(found.scores, found.count, 1).filter((score) => score < ends[1]!).length;
    near(below / 600, 0.05, 0.01, "fraction below the default start");
  });

  test("the advice counts components beyond their uncertainty", async () => {
    const deviations = new Float32Array(points.length).map((_, i) => (i % 3 === 2 ? 5 : 0.2));
    const found = await motionComponents(mixed, points, { deviations, components: 4 });
    assert.equal(found.supported, 2, found.advice);
    assert.match(
      found.advice,
      /^2 components of 4 vary more than the uncertainty .*: PC1 \d\.\d\d Å, \d+ % .*; PC3/,
    );
    const blurred = await motionComponents(mixed, points, { deviations: deviations.map(() => 3) });
    assert.match(blurred.advice, /^No component stands out from its uncertainty: PC1/);
    assert.ok(Math.abs(found.noise![0]! - 0.2 * found.sizes[0]!) < 0.1 * found.sizes[0]!);
  });

  test("what is absent does not move", async () => {
    // Where the arm has no amplitude its centres are anywhere.
    const absent = closedFormDecoder(1, ([p]) =>
      p! > 0 ? { slide: 20, turn: 0, present: 0 } : { slide: 0, turn: 0 },
    );
    const population = Float32Array.from({ length: 100 }, (_, i) => (i % 2 ? 1 : -1) * (1 + i / 100));
    const found = await motionComponents(absent, population, { components: 1 });
    near(found.sizes[0]!, 0, 1e-3, "size");
  });

  test("of a region are those of its Gaussians", async () => {
    const found = await motionComponents(mixed, points, { region: arm, components: 1 });
    assert.ok(Math.abs(pearson(columnOf(found.scores, 1, 0), slides)) > 0.9999);
    near(found.explained[0]!, 1, 1e-3, "explained");
  });

  test("options that make no sense are refused", async () => {
    await assert.rejects(
      motionComponents(mixed, points.subarray(0, 6)),
      /points: expected at least 3, found 2/,
    );
    await assert.rejects(
      motionComponents(mixed, points.subarray(0, 12), { components: 4 }),
      /components: expected at most 3, of 4 points, found 4/,
    );
    const found = await motionComponents(mixed, points, { maxPoints: 20 });
    assert.throws(() => found.pointAt([]), /scores: expected 1 to 4 numbers, found \[\]/);
    assert.throws(() => found.path(4), /component: expected an integer from 0 to 3, found 4/);
    assert.throws(() => found.path(0, { from: Number.NaN }), /from and to/);
    // The third axis moves nothing, so that no point has such a score along the third component.
    assert.throws(
      () => found.path(2, { from: -40, to: 40 }),
      /from: expected a score that a point of the latent space has along PC3 \(.* Å, \d+ % of the motion\), found -40 Å/,
    );
  });
});
