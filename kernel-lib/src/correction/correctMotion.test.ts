import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { InputError, StoppedError } from "../errors";
import type { Volume } from "../maps/volume";
import { Random } from "../random";
import { fourierShellCorrelation } from "../reconstruction/fsc";
import type { ImageSource } from "../reconstruction/imageSource";
import { reconstruct } from "../reconstruction/reconstruct";
import { correctMotion } from "./correctMotion";
import { prepareCorrection } from "./motionCorrection";
import { mapAt, mapOf, movingParticles, symmetricParticles, unitsAt } from "./movingDomain.test.helper";
import { commonError } from "./stateFsc";

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;

function uniformPlaces(count: number): Float32Array {
  const random = new Random(5);
  return Float32Array.from({ length: count }, () => 2 * random.uniform() - 1);
}

test("a corrected map is nearer to the true state than that of all particles and that of the nearest tenth", async () => {
  const places = uniformPlaces(600);
  const { source, motion } = movingParticles(places, 2);
  const state = 0.8;
  const { corrected, plain, stateFsc } = await correctMotion(source, motion, [state], { cells: 12 });
  const nearest = Array.from(places.keys())
    .sort((a, b) => Math.abs(places[a]! - state) - Math.abs(places[b]! - state))
    .slice(0, 60);
  const near = await reconstruct(source, { indices: nearest.sort((a, b) => a - b) });
  const truth = mapAt(state);
  const agreement = (map: typeof truth) => mean(fourierShellCorrelation(map, truth).fsc.slice(1, 13));
  const found = { corrected: agreement(corrected.map), all: agreement(plain.map), near: agreement(near.map) };
  assert.ok(found.corrected > found.all + 0.05 && found.corrected > found.near + 0.05, JSON.stringify(found));
  // What is said of it without the truth is true.
  const real = fourierShellCorrelation(corrected.half1, truth).fsc;
  for (let shell = 1; shell <= 6; shell++) {
    assert.ok(Math.abs(stateFsc[shell]! - real[shell]!) < 0.1, `${shell}: ${stateFsc[shell]} ${real[shell]}`);
  }
});

test("where nothing moves, the corrected map is that of the plain reconstruction, and so are its halves", async () => {
  const { source, motion } = movingParticles(new Float32Array(200), 1);
  const still = { ...motion, places: uniformPlaces(200), decode: () => motion.decode([0]) };
  const { corrected, plain, fractions } = await correctMotion(source, still, [0.3], { cells: 3 });
  const all = await reconstruct(source);
  assert.ok(fractions.every((part) => part.every((fraction) => fraction === 1)));
  for (const [one, other] of [
    [corrected.map, all.map],
    [corrected.half1, all.half1!],
    [corrected.half2, all.half2!],
    [plain.map, all.map],
  ] as const) {
    const scale = Math.max(...other.data);
    const wrong = other.data.findIndex((x, i) => !(Math.abs(one.data[i]! - x) < 1e-4 * scale));
    assert.equal(wrong, -1);
  }
});

test("of one state the corrected map does not differ from the plain one, and invented motion makes no halves agree beyond the truth", async () => {
  const random = new Random(2);
  const { source, motion } = movingParticles(new Float32Array(400), 3);
  const truth = mapAt(0);
  const ofTruth = (map: typeof truth) => fourierShellCorrelation(map, truth).fsc;
  // Places that are noise, read by a decoder that moves by a tenth of the turn, and by half of it.
  for (const size of [0.1, 0.5]) {
    const invented = {
      latent: 1,
      places: Float32Array.from({ length: 400 }, () => random.normal()),
      decode: (place: ArrayLike<number>) => motion.decode([size * place[0]!]),
    };
    const { corrected, plain } = await correctMotion(source, invented, [0], { cells: 8 });
    const [own, without] = [ofTruth(corrected.map), ofTruth(plain.map)];
    const [first, second] = [ofTruth(corrected.half1), ofTruth(corrected.half2)];
    const difference = corrected.map.data.reduce((sum, x, i) => sum + (x - plain.map.data[i]!) ** 2, 0);
    const power = plain.map.data.reduce((sum, x) => sum + x * x, 0);
    assert.ok(difference < 0.01 * power, `${size}: ${difference / power}`);
    for (let shell = 1; shell < 13; shell++) {
      assert.ok(
        own[shell]! > without[shell]! - 0.01,
        `${shell}: ${own[shell]} and ${without[shell]} as it is`,
      );
      // Halves with independent noise correlate by the product of what each has in common with the truth.
      const most = first[shell]! * second[shell]! + 0.12;
      assert.ok(corrected.fsc.fsc[shell]! < most, `${shell}: ${corrected.fsc.fsc[shell]} of ${most}`);
    }
  }
});

test("particles of pure noise that are carried by a motion make no halves agree, whatever the fields and masks are", async (t) => {
  const places = uniformPlaces(300);
  const { source, motion } = movingParticles(places, 1);
  const random = new Random(11);
  const images = Array.from({ length: 300 }, () =>
    Float32Array.from({ length: 32 ** 2 }, () => random.normal()),
  );
  const noise = {
    ...source,
    readGroupImages: async (indices: ArrayLike<number>) => {
      const all = new Float32Array(indices.length * 32 ** 2);
      for (let n = 0; n < indices.length; n++) all.set(images[indices[n]!]!, n * 32 ** 2);
      return all;
    },
  };
  const folder = path.join(temporaryFolder(t), "cells");
  const cells = await prepareCorrection(noise, motion, { cells: 8, keepOutliers: true, folder });
  const found = await cells.state([0.5]);
  const state = motion.decode([0.5]);
  // The maps as they are carried, too: of noise the correction is refused, and the map is the plain one.
  const carried = await Promise.all([cells.half(0, state), cells.half(1, state)]);
  await cells.close();
  const summed = carried.map(({ groups, mask }) => {
    const data = new Float32Array(32 ** 3);
    for (const { corrected } of groups)
      for (let i = 0; i < data.length; i++) data[i]! += corrected[i]! * mask[i]!;
    return { ...found.corrected.half1, data };
  }) as [Volume, Volume];
  const moved = summed[0].data.reduce(
    (sum, x, i) => sum + (x - carried[0].plain[i]! * carried[0].mask[i]!) ** 2,
    0,
  );
  assert.ok(moved > 0.05 * summed[0].data.reduce((sum, x) => sum + x * x, 0), "the motion is large");
  const curves = {
    corrected: found.corrected.fsc.fsc,
    carried: fourierShellCorrelation(...summed).fsc,
    inMask: found.maskedFsc,
  };
  for (const [name, curve] of Object.entries(curves)) {
    // Independent samples of a shell: half of its points, less in a mask, whose neighbours are alike.
    const filled = name === "corrected" ? 1 : carried[0].mask.reduce((sum, x) => sum + x * x, 0) / 32 ** 3;
    for (let shell = 3; shell <= 14; shell++) {
      const limit = 4 / Math.sqrt(2 * Math.PI * shell ** 2 * filled);
      assert.ok(Math.abs(curve[shell]!) < limit, `${name} ${shell}: ${curve[shell]} of ${limit}`);
    }
    assert.ok(Math.abs(mean(curve.slice(5, 15))) < 0.1, `${name}: ${curve}`);
  }
});

test("with the true motion halves agree by what each has of the truth, and no more; on another state than the one they are compared with they agree beyond it", async () => {
  const places = uniformPlaces(600);
  const { source, motion } = movingParticles(places, 2);
  const excessOf = async (place: number, decode: typeof motion.decode) => {
    const found = await correctMotion(source, { ...motion, decode }, [place], { cells: 30 });
    const { corrected, stateFsc, maskedFsc } = found;
    const truth = mapAt(0.8);
    const [one, two] = [corrected.half1, corrected.half2].map(
      (half) => fourierShellCorrelation(half, truth).fsc,
    );
    return {
      excess: Array.from(corrected.fsc.fsc, (x, s) => x - one![s]! * two![s]!).slice(1, 13),
      common: commonError({ stateFsc, maskedFsc }),
    };
  };
  const right = await excessOf(0.8, motion.decode);
  for (const [s, excess] of right.excess.entries()) assert.ok(excess < 0.06, `${s + 1}: ${excess}`);
  assert.equal(right.common, undefined);
  // The halves agree as well on a state that is not the true one: this is an error of both, nothing that was invented.
  const wrong = await excessOf(0, motion.decode);
  assert.ok(Math.max(...wrong.excess) > 0.1, `${wrong.excess}`);
});

test("common errors are told by shells: three in a row, up to where the halves cease to agree", () => {
  const curves = (excess: readonly number[], halves = 0.8) => ({
    maskedFsc: Float64Array.from([1, 1, ...excess.map(() => halves)]),
    stateFsc: Float64Array.from([1, 1, ...excess.map((x) => Math.sqrt(halves - x))]),
  });
  assert.equal(commonError(curves([0.05, 0.2, 0.2, 0.05])), undefined);
  const found = commonError(curves([0.05, 0.2, 0.2, 0.2, 0.05]))!;
  assert.deepEqual([found.first, found.last, found.excess.toFixed(2)], [3, 5, "0.20"]);
  assert.equal(commonError(curves([0.05, 0.12, 0.12, 0.12], 0.14)), undefined);
  assert.equal(
    commonError({ ...curves([0.2, 0.2, 0.2]), stateFsc: new Float64Array(5).fill(Number.NaN) }),
    undefined,
  );
});

test("a domain that moves by 25 Å leaves no ghost where it was", async () => {
  const far = 6;
  const { source, motion } = movingParticles(
    Float32Array.from({ length: 300 }, (_, i) => (i % 4 < 2 ? 0 : far)),
    1,
  );
  const { corrected, plain } = await correctMotion(source, motion, [0], { cells: 2 });
  const there = mapAt(far);
  const here = mapAt(0);
  // Voxels of the domain in the far state that are empty in this one.
  const chosen = [...there.data.keys()].filter((i) => there.data[i]! > 1 && here.data[i]! < 0.05);
  assert.ok(chosen.length > 100);
  const shown = (map: typeof there) =>
    mean(chosen.map((i) => map.data[i]!)) / mean(chosen.map((i) => there.data[i]!));
  assert.ok(Math.abs(shown(plain.map) - 0.5) < 0.1, `plain ${shown(plain.map)}`);
  assert.ok(Math.abs(shown(corrected.map)) < 0.12, `corrected ${shown(corrected.map)}`);
  const agreement = (map: typeof there) => mean(fourierShellCorrelation(map, here).fsc.slice(1, 13));
  assert.ok(agreement(corrected.map) > agreement(plain.map) + 0.02);
});

test("units of a symmetric molecule are carried into the state from their own places, and all are shown in it", async () => {
  const places = uniformPlaces(480).map((z) => 2 * z);
  const { source, motion } = symmetricParticles(places, 2);
  const { corrected, plain } = await correctMotion(source, motion, [1.5], { cells: 8 });
  const truth = mapOf(unitsAt([1.5, 1.5, 1.5]));
  const agreement = (map: typeof truth) => mean(fourierShellCorrelation(map, truth).fsc.slice(1, 13));
  const found = { corrected: agreement(corrected.map), plain: agreement(plain.map) };
  assert.ok(found.corrected > found.plain + 0.05, JSON.stringify(found));
});

test("a stopped pass goes on where it was, ends alike, and further states read no images", async (t) => {
  const { source, motion } = movingParticles(uniformPlaces(160), 1);
  const folder = path.join(temporaryFolder(t), "cells");
  let read = 0;
  const counted = {
    ...source,
    readGroupImages: (indices: ArrayLike<number>) => {
      read += indices.length;
      return source.readGroupImages(indices);
    },
  };
  const options = { cells: 4, keepOutliers: true, folder };
  const controller = new AbortController();
  const stopped = prepareCorrection(counted, motion, {
    ...options,
    signal: controller.signal,
    onProgress: ({ task, done }) => {
      if (task === "back-projecting cells" && done > 100) controller.abort();
    },
  });
  await assert.rejects(stopped, StoppedError);
  const before = read;
  read = 0;
  const cells = await prepareCorrection(counted, motion, options);
  // Two passes: sums of the halves, then cell by cell.
  assert.ok(before > 160 + 100 && read < 60, `${before} ${read}`);
  const resumed = await cells.state([0.5]);
  const whole = await correctMotion(source, motion, [0.5], { cells: 4, keepOutliers: true });
  assert.deepEqual(resumed.corrected.map.data, whole.corrected.map.data);
  assert.deepEqual(resumed.plain.half2.data, whole.plain.half2.data);
  await cells.close();
  read = 0;
  const again = await prepareCorrection(counted, motion, options);
  await again.state([-0.5]);
  assert.equal(read, 0);
  // Other particles do not get these maps.
  const others = await prepareCorrection(counted, motion, { ...options, cells: 3 });
  assert.equal(read, 2 * 160);
  await others.remove();
  assert.equal(existsSync(folder), false);
  // Nor is a folder of other files taken.
  mkdirSync(folder);
  writeFileSync(path.join(folder, "notes.txt"), "mine");
  await assert.rejects(prepareCorrection(counted, motion, options), /cells: expected a new or empty folder/);
});

test("a correction can be divided among several jobs: maps are those of one job to rounding", async (t) => {
  const { source, motion } = movingParticles(uniformPlaces(160), 1);
  const folder = path.join(temporaryFolder(t), "cells");
  const options = { cells: 4, folder };
  const part = async (number: number) => {
    const cells = await prepareCorrection(source, motion, { ...options, part: { number, of: 2 } });
    await cells.close();
    return cells.missing;
  };
  // The second part finds all sums and goes on with its cells; the first one has to be called again for its own.
  assert.equal(await part(1), "sums");
  assert.equal(await part(2), "cells");
  const early = await prepareCorrection(source, motion, { ...options, part: { number: 2, of: 2 } });
  await assert.rejects(early.state([0.5]), /correction: expected all parts, found no cells of some/);
  assert.equal(await part(1), undefined);
  let read = 0;
  const counted = {
    ...source,
    readGroupImages: (indices: ArrayLike<number>) => {
      read += indices.length;
      return source.readGroupImages(indices);
    },
  };
  const cells = await prepareCorrection(counted, motion, options);
  assert.equal(read, 0);
  const joined = (await cells.state([0.5])).corrected.map.data;
  await cells.remove();
  const whole = (await correctMotion(source, motion, [0.5], { cells: 4 })).corrected.map.data;
  const scale = Math.max(...whole);
  assert.equal(
    joined.findIndex((x, i) => !(Math.abs(x - whole[i]!) < 1e-3 * scale)),
    -1,
  );
  assert.equal(existsSync(folder), false);
  // Each step on its own: cells are refused before all sums are there.
  const alone = async (number: number, step: "sums" | "cells") => {
    const cells = await prepareCorrection(source, motion, { ...options, part: { number, of: 2 }, step });
    await cells.close();
    return cells.missing;
  };
  assert.equal(await alone(2, "sums"), "sums");
  await assert.rejects(
    alone(1, "cells"),
    /cells: expected the sums of all 2 parts, which cells need, found not all/,
  );
  assert.equal(await alone(1, "sums"), "sums");
  assert.equal(await alone(1, "cells"), "cells");
  assert.equal(await alone(2, "cells"), undefined);
  const stepped = await prepareCorrection(counted, motion, options);
  assert.equal(read, 0);
  assert.deepEqual((await stepped.state([0.5])).corrected.map.data, joined);
  await stepped.remove();
  await assert.rejects(
    prepareCorrection(source, motion, { ...options, step: "sums" }),
    /step: expected a part, whose step it is, found none/,
  );
  await assert.rejects(
    prepareCorrection(source, motion, { ...options, part: { number: 3, of: 2 } }),
    /part: expected a number from 1 to that of all parts, found 3 of 2/,
  );
});

test("a state is known by everything that enters its map: particles, images, place, and what the decoder makes of it", async () => {
  const { source, motion } = movingParticles(uniformPlaces(40), 1);
  const keyOf = async (changed: Partial<typeof motion>, place = 0.5, from: ImageSource = source) => {
    const cells = await prepareCorrection(from, { ...motion, ...changed }, { cells: 2 });
    const key = cells.stateKey([place]);
    await cells.close();
    return key;
  };
  const first = await keyOf({});
  assert.equal(await keyOf({}), first);
  const others = [
    await keyOf({}, 0.4),
    // A decoder that was trained further, with the same places.
    await keyOf({ decode: (place) => motion.decode([1.01 * place[0]!]) }),
    await keyOf({ bodies: new Uint8Array(motion.decode([0]).count).fill(1) }),
    await keyOf({}, 0.5, { ...source, imageStamp: async () => "changed" }),
  ];
  assert.equal(new Set([first, ...others]).size, 5);
});

test("each half can have a space of its own: the same one with the other sign gives the same maps", async () => {
  const places = uniformPlaces(150);
  const { source, motion } = movingParticles(places, 1);
  const mirrored = {
    latent: 1,
    places: places.map((z) => -z),
    decode: (place: ArrayLike<number>) => motion.decode([-place[0]!]),
  };
  const one = await correctMotion(source, motion, [0.5], { cells: 3 });
  const secondHalf = { motion: mirrored, placeOf: (state: ArrayLike<number>) => [-state[0]!] };
  const two = await correctMotion(source, motion, [0.5], { cells: 3, secondHalf });
  for (const [a, b, limit] of [
    [two.corrected.half2, one.corrected.half2, 0.02],
    [two.plain.map, one.plain.map, 1e-5],
  ] as const) {
    const scale = Math.max(...b.data);
    assert.equal(
      a.data.findIndex((x, i) => !(Math.abs(x - b.data[i]!) < limit * scale)),
      -1,
    );
  }
});

test("the result depends on the seed alone, and a correction can be stopped", async () => {
  const { source, motion } = movingParticles(uniformPlaces(150), 1);
  const options = { cells: 2 };
  const a = await correctMotion(source, motion, [0], options);
  const b = await correctMotion(source, motion, [0], options);
  assert.deepEqual(a.corrected.map.data, b.corrected.map.data);
  const controller = new AbortController();
  const stopped = correctMotion(source, motion, [0], {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await assert.rejects(stopped, StoppedError);
});

test("places of other particles and empty halves are refused", async () => {
  const { source, motion } = movingParticles(uniformPlaces(20), 1);
  const other = { ...motion, places: new Float32Array(19) };
  await assert.rejects(correctMotion(source, other, [0]), (error: Error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /places: expected 20 of 1 numbers, found 19/);
    return true;
  });
  await assert.rejects(
    correctMotion(source, motion, [0], { halves: new Uint8Array(20).fill(1) }),
    /half 2: expected at least one particle, found none/,
  );
  await assert.rejects(
    correctMotion(source, motion, [0], { cells: 0 }),
    /cells: expected an integer of 1 or more/,
  );
  const blank = {
    ...source,
    readGroupImages: async (indices: ArrayLike<number>) => new Float32Array(indices.length * 32 ** 2),
  };
  await assert.rejects(correctMotion(blank, motion, [0], { cells: 2 }), /half 1: expected images that vary/);
});
