import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "vitest";
import { temporaryFolder } from "../../../tests/testing";
import { pearson } from "../latent/statistics";
import { readMap } from "../maps/mapFile";
import { modelDensity } from "../model/density";
import type { GaussianModel } from "../model/gaussianModel";
import { rigidMotion } from "../model/rigidMotion";
import { simulateAssembly } from "./assemblyDesign";
import { simulateLinearMotion, simulateLinearOccupancy } from "./designs";
import { simulateOneState, simulateTilt, simulateTwoDomains } from "./domainDesigns";
import type { SimulatedData } from "./simulateParticles";
import { simulateSymmetric } from "./symmetricDesign";

const small = { boxSize: 32, apix: 6 };

/** Columns of truth.csv. */
function truthOf(data: SimulatedData): Record<string, number[]> {
  const [header, ...rows] = readFileSync(data.truth, "utf8").trim().split("\n");
  const values = rows.map((row) => row.split(",").map(Number));
  return Object.fromEntries(header!.split(",").map((name, c) => [name, values.map((row) => row[c]!)]));
}

/** Centres of Gaussians, from index `from` on. */
function centres({ count, params }: GaussianModel, from = 0): number[][] {
  return Array.from({ length: count - from }, (_, i) =>
    [0, 1, 2].map((axis) => params[axis * count + from + i]!),
  );
}

function close(a: number, b: number, tolerance = 1e-6): void {
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);
}

/** Whether each place of one list is a place of the other. */
function samePlaces(a: number[][], b: number[][]): void {
  assert.equal(a.length, b.length);
  for (const place of a) {
    const nearest = Math.min(...b.map((other) => Math.hypot(...place.map((c, axis) => c - other[axis]!))));
    assert.ok(nearest < 1e-6, `no Gaussian at ${place}`);
  }
}

function turnedAboutZ(places: number[][], degrees: number): number[][] {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return places.map(([x, y, z]) => [c * x! - s * y!, s * x! + c * y!, z!]);
}

test("with occupancy, half of the particles at each place have the second domain", async (t) => {
  const options = { ...small, states: 3, particlesPerState: 4, range: 0.3 };
  const data = await simulateLinearOccupancy({ folder: temporaryFolder(t), ...options });
  const truth = truthOf(data);
  assert.deepEqual(Object.keys(truth), ["index", "state", "displacement", "present"]);
  for (const displacement of [0, 0.15, 0.3]) {
    const there = truth.present!.filter((_, i) => truth.displacement![i] === displacement);
    assert.deepEqual(there.sort(), [0, 0, 0, 0, 1, 1, 1, 1]);
  }
  data.stateOf.forEach((state, i) => {
    const model = data.models[state]!;
    assert.equal(model.count, truth.present![i] ? 72 : 60);
    const moved = centres(model)[48]![1]! - centres(data.models[0]!)[48]![1]!;
    close(moved, truth.displacement![i]!);
  });
});

test("assembly states have their fractions, the last one 1 %, and the parts that the truth names", async (t) => {
  const data = await simulateAssembly({ folder: temporaryFolder(t), ...small, particles: 200 });
  const truth = truthOf(data);
  const sizes = [0, 1, 2, 3, 4, 5].map((state) => data.stateOf.filter((s) => s === state).length);
  assert.deepEqual(sizes, [50, 44, 40, 36, 28, 2]);
  const gaussians = [12, 8, 10, 7, 14];
  const combinations = new Set<string>();
  data.stateOf.forEach((state, i) => {
    const parts = gaussians.map((_, p) => truth[`part${p + 1}`]![i]!);
    combinations.add(parts.join());
    assert.equal(
      data.models[state]!.count,
      parts.reduce((sum, present, p) => sum + present * gaussians[p]!, 48),
    );
  });
  assert.equal(combinations.size, 6);
  const even = { fractions: [0.2, 0.2, 0.2, 0.2, 0.1, 0.1], particles: 20 };
  const other = await simulateAssembly({ folder: temporaryFolder(t), ...small, ...even });
  assert.equal(other.stateOf.filter((s) => s === 5).length, 2);
});

test("seven assembly states are six common ones that differ, and the same rare one below 1 %", async (t) => {
  const data = await simulateAssembly({ folder: temporaryFolder(t), ...small, states: 7, particles: 500 });
  const truth = truthOf(data);
  const partsOf = (i: number) => [1, 2, 3, 4, 5].map((p) => truth[`part${p}`]![i]).join("");
  const sizes = [0, 1, 2, 3, 4, 5, 6].map((state) => data.stateOf.filter((s) => s === state).length);
  assert.deepEqual(sizes, [110, 100, 90, 80, 60, 56, 4]);
  const found = [0, 1, 2, 3, 4, 5, 6].map((state) => partsOf(data.stateOf.indexOf(state)));
  assert.deepEqual(found, ["10000", "11000", "11100", "10110", "11111", "11001", "00011"]);
  const wrong = simulateAssembly({ folder: temporaryFolder(t), ...small, states: 5 as 6 });
  await assert.rejects(wrong, /states: expected 6 or 7, found 5/);
});

for (const [symmetry, ring, units] of [
  ["C7", 7, 7],
  ["C2", 2, 2],
  ["D3", 3, 6],
] as const) {
  test(`units of ${symmetry} are equal, and the missing one is where the truth says`, async (t) => {
    const options = { ...small, symmetry, unit: "missing", particles: 4 * units } as const;
    const data = await simulateSymmetric({ folder: temporaryFolder(t), ...options });
    assert.equal(data.models.length, units + 1);
    const all = centres(data.models[0]!);
    samePlaces(turnedAboutZ(all, 360 / ring), all);
    if (units > ring) {
      samePlaces(
        all.map(([x, y, z]) => [x!, -y!, -z!]),
        all,
      );
    }
    const size = all.length / units;
    assert.ok(
      all.slice(0, size).every(([x]) => x! > 0),
      "unit 1 lies on the x axis",
    );
    const truth = truthOf(data);
    data.stateOf.forEach((state, i) => {
      const unit = truth.unit![i]!;
      assert.equal(truth.missing![i], Number(unit > 0));
      const turned = turnedAboutZ(all.slice(0, size), ((unit - 1) * 360) / ring);
      const flipped = all.slice(0, size).map(([x, y, z]) => [x!, -y!, -z!]);
      const unitPlaces = unit > ring ? turnedAboutZ(flipped, ((unit - ring - 1) * 360) / ring) : turned;
      samePlaces([...centres(data.models[state]!), ...(unit > 0 ? unitPlaces : [])], all);
    });
    assert.equal(truth.unit!.filter((unit) => unit === 0).length, units);
  });
}

test("a moved unit of a ring moves outwards and up by its displacement, the others stay", async (t) => {
  const options = { ...small, symmetry: "C5", range: 0.12, particles: 60, unaffected: 0.2 };
  const data = await simulateSymmetric({ folder: temporaryFolder(t), ...options });
  const truth = truthOf(data);
  const none = data.stateOf[truth.unit!.indexOf(0)]!;
  const rest = centres(data.models[none]!);
  const size = rest.length / 5;
  assert.equal(truth.unit!.filter((unit) => unit === 0).length, 12);
  assert.deepEqual([...new Set(truth.unit)].sort(), [0, 1, 2, 3, 4, 5]);
  assert.ok(Math.max(...truth.displacement!) > 0.1 && Math.max(...truth.displacement!) < 0.12);
  data.stateOf.forEach((state, i) => {
    const [unit, displacement] = [truth.unit![i]!, truth.displacement![i]!];
    const along = (2 * Math.PI * (unit - 1)) / 5;
    const step = displacement * Math.SQRT1_2;
    centres(data.models[state]!).forEach((place, g) => {
      const moves = Math.floor(g / size) + 1 === unit ? step : 0;
      const expected = [moves * Math.cos(along), moves * Math.sin(along), moves];
      for (let axis = 0; axis < 3; axis++) close(place[axis]! - rest[g]![axis]!, expected[axis]!, 2e-6);
    });
  });
});

test("a tilted unit of a ring opens outwards about its foot by its angle, the others stay", async (t) => {
  const options = { ...small, symmetry: "C3", unit: "tilted", angle: 40, particles: 40 } as const;
  const data = await simulateSymmetric({ folder: temporaryFolder(t), ...options });
  const truth = truthOf(data);
  const rest = centres(data.models[data.stateOf[truth.unit!.indexOf(0)]!]!);
  const size = rest.length / 3;
  assert.ok(Math.max(...truth.angle!) > 30 && Math.max(...truth.angle!) < 40);
  data.stateOf.forEach((state, i) => {
    const unit = truth.unit![i]!;
    if (unit === 0) return;
    const before = turnedAboutZ(rest.slice((unit - 1) * size, unit * size), -120 * (unit - 1));
    const all = centres(data.models[state]!);
    const after = turnedAboutZ(all.slice((unit - 1) * size, unit * size), -120 * (unit - 1));
    const foot = before.reduce((lowest, place) => (place[2]! < lowest[2]! ? place : lowest));
    const sine = Math.sin((truth.angle![i]! * Math.PI) / 180);
    // Unit 1 stands at x = 0.12; it turns about y through its foot.
    after.forEach((place, g) => {
      const [arm, height] = [before[g]![0]! - 0.12, before[g]![2]! - foot[2]!];
      const cosine = Math.sqrt(1 - sine * sine);
      close(place[0]! - 0.12, arm * cosine + height * sine, 2e-6);
      close(place[1]!, before[g]![1]!, 2e-6);
      close(place[2]! - foot[2]!, height * cosine - arm * sine, 2e-6);
    });
    all.forEach((place, g) => {
      if (Math.floor(g / size) + 1 !== unit) samePlaces([place], [rest[g]!]);
    });
  });
});

test("a homogeneous set has one state", async (t) => {
  const data = await simulateOneState({ folder: temporaryFolder(t), ...small, particles: 9 });
  assert.equal(data.models.length, 1);
  assert.match(readFileSync(data.truth, "utf8"), /^index,state\n0,0\n/);
  assert.equal(data.stateOf.length, 9);
});

test("two domains take every combination of their places", async (t) => {
  const options = { ...small, states: 3, particlesPerState: 2, range: 0.2 };
  const data = await simulateTwoDomains({ folder: temporaryFolder(t), ...options });
  const truth = truthOf(data);
  assert.equal(new Set(truth.first!.map((first, i) => `${first} ${truth.second![i]}`)).size, 9);
  close(pearson(truth.first!, truth.second!), 0, 1e-9);
  const start = centres(data.models[0]!);
  data.stateOf.forEach((state, i) => {
    centres(data.models[state]!).forEach((place, g) => {
      const step = place.map((c, axis) => c - start[g]![axis]!);
      const expected = g < 48 ? [0, 0, 0] : g < 60 ? [0, truth.first![i]!, 0] : [0, 0, truth.second![i]!];
      for (let axis = 0; axis < 3; axis++) close(step[axis]!, expected[axis]!);
    });
  });
});

test("the arm turns rigidly by the angles of the truth, in even steps", async (t) => {
  const options = { ...small, angle: 11, states: 5, particlesPerState: 1 };
  const data = await simulateTilt({ folder: temporaryFolder(t), ...options });
  assert.deepEqual(
    [...new Set(truthOf(data).angle)].sort((a, b) => a - b),
    [0, 2.75, 5.5, 8.25, 11],
  );
  const [first, last] = [data.models[0]!, data.models[4]!];
  const arm = Int32Array.from({ length: 24 }, (_, i) => 48 + i);
  const motion = rigidMotion(first, last, arm);
  close(motion.angle, 11, 1e-3);
  close(motion.axis[2], 1, 1e-4);
  close(motion.rmsd, 0, 1e-4);
  for (let g = 0; g < 48; g++) assert.deepEqual(centres(last)[g], centres(first)[g]);
});

test("continuous motions give each particle its own place; the consensus is the mean of all", async (t) => {
  const options = { ...small, continuous: true, particles: 120, range: 0.3 };
  const data = await simulateLinearMotion({ folder: temporaryFolder(t), ...options });
  const { displacement } = truthOf(data);
  assert.equal(new Set(displacement).size, 120);
  assert.ok(Math.min(...displacement!) >= 0 && Math.max(...displacement!) < 0.3);
  close(displacement!.reduce((sum, d) => sum + d, 0) / 120, 0.15, 0.03);
  const map = await readMap(data.consensus);
  const densities = data.models.map((model) => modelDensity(model).data);
  for (let i = 0; i < map.data.length; i += 397) {
    close(map.data[i]!, densities.reduce((sum, density) => sum + density[i]!, 0) / 120, 1e-5);
  }
  const two = await simulateLinearOccupancy({ folder: temporaryFolder(t), ...options, seed: 4 });
  const truth = truthOf(two);
  assert.ok(Math.abs(pearson(truth.displacement!, truth.present!)) < 0.25);
  close(
    truth.present!.reduce((sum, p) => sum + p, 0),
    60,
    20,
  );
});

test("options of designs out of range are refused by name", async (t) => {
  const folder = temporaryFolder(t);
  await assert.rejects(
    simulateTilt({ folder, angle: 100 }),
    /angle: expected an angle of 0 to 90°, found 100/,
  );
  await assert.rejects(simulateSymmetric({ folder, symmetry: "C1" }), /symmetry: expected C2 to C99/);
  await assert.rejects(simulateSymmetric({ folder, symmetry: "T" }), /symmetry: expected .* found "T"/);
  await assert.rejects(simulateSymmetric({ folder, unaffected: 2 }), /unaffected: expected a fraction/);
  await assert.rejects(simulateTwoDomains({ folder, states: 1 }), /states: expected a whole number of 2/);
  await assert.rejects(
    simulateLinearMotion({ folder, continuous: true, fractions: [1] }),
    /fractions: not given for a continuous motion/,
  );
  await assert.rejects(
    simulateAssembly({ folder, fractions: [0.5, 0.5] }),
    /one for each of 6 states, found 2/,
  );
});
