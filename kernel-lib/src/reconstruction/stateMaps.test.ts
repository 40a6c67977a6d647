import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { mapAt, movingParticles } from "../correction/movingDomain.test.helper";
import { StoppedError } from "../errors";
import { readMap, writeMap } from "../maps/mapFile";
import { sphericalMask } from "../maps/mask";
import { Random } from "../random";
import { fourierShellCorrelation } from "./fsc";
import { sumBytes } from "./gridLayout";
import { stateKernel } from "./kernelWeights";
import { reconstruct } from "./reconstruct";
import { writeStates } from "./stateFolder";
import { reconstructStates } from "./stateMaps";

const random = new Random(5);
const places = Float32Array.from({ length: 500 }, () => 2 * random.uniform() - 1);
const { source } = movingParticles(places, 0.6);
const placed = { latent: 1, places };
const mean = (values: Float64Array, from: number, to: number) =>
  values.slice(from, to).reduce((sum, x) => sum + x, 0) / (to - from);

test("maps of states show their state better than the map of all particles does, all from one pass", async () => {
  let read = 0;
  const counted = {
    ...source,
    readGroupImages: (indices: ArrayLike<number>) => {
      read += indices.length;
      return source.readGroupImages(indices);
    },
  };
  const wanted = [[-0.8], [0], [0.8]];
  const { states, passes } = await reconstructStates(counted, placed, wanted, {
    particles: 120,
    keepOutliers: true,
  });
  assert.equal(passes, 1);
  assert.ok(read <= places.length, `${read} images read`);
  const all = (await reconstruct(source)).map;
  for (const [s, place] of [-0.8, 0.8].entries()) {
    const truth = mapAt(place);
    const own = fourierShellCorrelation(states[2 * s]!.map, truth).fsc;
    const other = fourierShellCorrelation(states[2 - 2 * s]!.map, truth).fsc;
    const consensus = fourierShellCorrelation(all, truth).fsc;
    assert.ok(mean(own, 4, 9) > mean(consensus, 4, 9) + 0.02, `state ${place}: ${own} and ${consensus}`);
    assert.ok(mean(own, 4, 9) > mean(other, 4, 9) + 0.1);
  }
  const { particles, effective, radius, fsc, half1 } = states[1]!;
  assert.equal(particles, 120);
  assert.ok(effective > 80 && effective < 120, `${effective}`);
  assert.ok(radius > 0.15 && radius < 0.35, `${radius}`);
  assert.ok(half1 && fsc!.fsc[3]! > 0.9);
});

test("weights fall from 1 at the state to 0 at the first particle beyond, and do not depend on the order of particles", () => {
  const near = stateKernel(
    { latent: 2, places: [0, 0, 3, 4, 0, 1, 6, 8, 0, -1] },
    Int32Array.of(0, 1, 2, 3, 4),
    [0, 0],
    2,
  );
  assert.deepEqual([...near.particles], [0, 2, 4], "both at the same distance");
  assert.deepEqual([...near.weights], [1, 1 - 1 / 25, 1 - 1 / 25]);
  assert.equal(near.radius, 5);
});

test("a state at which all particles are is the plain reconstruction", async () => {
  const same = { latent: 1, places: new Float32Array(places.length).fill(2) };
  const { states } = await reconstructStates(source, same, [[2]]);
  const plain = await reconstruct(source);
  assert.deepEqual(states[0]!.map.data, plain.map.data);
  assert.deepEqual(states[0]!.half2!.data, plain.half2!.data);
});

test("with little memory the images are read more than once, for the same maps", async () => {
  const wanted = [[-0.5], [0.1], [0.6]];
  const once = await reconstructStates(source, placed, wanted);
  const often = await reconstructStates(source, placed, wanted, { memory: 4 * sumBytes(32) });
  assert.deepEqual([once.passes, often.passes], [1, 2]);
  for (const [s, { map }] of once.states.entries()) assert.deepEqual(often.states[s]!.map.data, map.data);
});

test("states whose images were read in parts by several calls are those of one call to rounding", async (t) => {
  const folder = path.join(temporaryFolder(t), "states");
  let read = 0;
  const counted = {
    ...source,
    readGroupImages: (indices: ArrayLike<number>) => {
      read += indices.length;
      return source.readGroupImages(indices);
    },
  };
  const wanted = [[-0.5], [0.5]];
  const options = { particles: 100, keepOutliers: true };
  for (const number of [2, 1])
    await writeStates(counted, placed, wanted, folder, { ...options, part: { number, of: 2 } });
  assert.equal(existsSync(path.join(folder, "state_01.mrc")), false);
  read = 0;
  const { states } = await writeStates(counted, placed, wanted, folder, { ...options, resume: true });
  assert.equal(read, 0);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("pass")),
    [],
  );
  const whole = (await reconstructStates(source, placed, wanted, options)).states[1]!.map.data;
  const joined = (await readMap(path.join(folder, states[1]!.file))).data;
  const scale = Math.max(...whole);
  assert.equal(
    joined.findIndex((x, i) => !(Math.abs(x - whole[i]!) < 1e-4 * scale)),
    -1,
  );
});

test("places, states and particles that do not fit are refused", async () => {
  const refused = (given: typeof placed, states: number[][], expected: RegExp, particles = 5) =>
    assert.rejects(reconstructStates(source, given, states, { particles }), expected);
  await refused(
    { latent: 1, places: places.slice(1) },
    [[0]],
    /places: expected 500 of 1 numbers, found 499/,
  );
  await refused(
    { latent: 1, places: places.map((x, i) => (i === 3 ? Number.NaN : x)) },
    [[0]],
    /particle 3: .*NaN/,
  );
  await refused(placed, [], /states: expected at least one/);
  await refused(placed, [[0], [0, 1]], /state 2: expected 1 finite numbers, found 0, 1/);
  await refused(placed, [[0]], /particles: expected an integer of 1 or more, found 0/, 0);
});

test("a folder of states that was stopped is resumed to the same files, and refuses other options", async (t) => {
  const [whole, stopped] = [path.join(temporaryFolder(t), "whole"), path.join(temporaryFolder(t), "stopped")];
  const wanted = [[-0.5], [0.1], [0.6]];
  const options = { memory: 2 * sumBytes(32), label: "some.star" };
  const { states } = await writeStates(source, placed, wanted, whole, options);
  assert.deepEqual(
    states.map(({ file }) => file),
    ["state_01.mrc", "state_02.mrc", "state_03.mrc"],
  );
  const controller = new AbortController();
  const onProgress = () => existsSync(path.join(stopped, "state_01.mrc")) && controller.abort();
  const { signal } = controller;
  await assert.rejects(
    writeStates(source, placed, wanted, stopped, { ...options, signal, onProgress }),
    StoppedError,
  );
  assert.ok(!existsSync(path.join(stopped, "state_03.mrc")));
  await assert.rejects(
    writeStates(source, placed, wanted, stopped, options),
    /expected a new or empty folder/,
  );
  const other = { ...options, resume: true, particles: 17 };
  await assert.rejects(
    writeStates(source, placed, wanted, stopped, other),
    /the same particles, images, places, states and options/,
  );
  await assert.rejects(
    writeStates({ ...source, imageStamp: async () => "changed" }, placed, wanted, stopped, {
      ...options,
      resume: true,
    }),
    /the same particles, images, places, states and options/,
  );
  const first = path.join(stopped, "state_01.mrc");
  utimesSync(first, 1000, 1000);
  const resumed = await writeStates(source, placed, wanted, stopped, { ...options, resume: true });
  assert.ok(resumed.resumed >= 1);
  assert.equal(statSync(first).mtimeMs, 1_000_000, "what was complete stays");
  for (const name of [
    "state_01.mrc",
    "state_03_half1_unfil.mrc",
    "states.csv",
    "series.cxc",
    "state_02_fsc.txt",
  ])
    assert.deepEqual(readFileSync(path.join(stopped, name)), readFileSync(path.join(whole, name)), name);
  rmSync(path.join(stopped, "state_02.mrc"));
  assert.equal((await writeStates(source, placed, wanted, stopped, { ...options, resume: true })).resumed, 2);
  assert.match(readFileSync(path.join(whole, "series.cxc"), "utf8"), /open state_01\.mrc .* vseries true/);
  assert.match(
    readFileSync(first).toString("latin1", 224, 1024),
    /^e2gmm \d.*states of some\.star .*state 1 at -0\.5/,
  );
});

const skip = haveProgram("relion_postprocess") ? false : "RELION is not installed";
test(
  "relion_postprocess takes the half maps of a state, and finds the FSC of the states' own table",
  skipIf(skip),
  async (t) => {
    const folder = temporaryFolder(t);
    await writeStates(source, placed, [[0]], path.join(folder, "out"), { local: { bands: 4 } });
    const map = await readMap(path.join(folder, "out/state_01.mrc"));
    assert.deepEqual([map.apix, map.origin], [3, [0, 0, 0]]);
    assert.ok(existsSync(path.join(folder, "out/state_01_local_resolution.mrc")));
    assert.ok(existsSync(path.join(folder, "out/state_01_local_filtered.mrc")));
    await writeMap(path.join(folder, "mask.mrc"), sphericalMask(map, { diameter: 80, softEdge: 4 }));
    const args = [
      "--i",
      "out/state_01_half1_unfil.mrc",
      "--mask",
      "mask.mrc",
      "--angpix",
      "3",
      "--o",
      "out/post",
    ];
    runProgram("relion_postprocess", args, folder);
    const text = readFileSync(path.join(folder, "out/post.star"), "utf8");
    const block = text.slice(text.indexOf("data_fsc"), text.indexOf("data_guinier"));
    const names = [...block.matchAll(/^_(\w+) #(\d+)/gm)].map(([, name]) => name!);
    const rows = [...block.matchAll(/^\s+\d.*$/gm)].map(([row]) => row.trim().split(/\s+/).map(Number));
    const at = names.indexOf("rlnFourierShellCorrelationUnmaskedMaps");
    const own = readFileSync(path.join(folder, "out/state_01_fsc.txt"), "utf8").trim().split("\n").slice(1);
    for (let r = 1; r < 14; r++) {
      const [found, expected] = [rows[r]![at]!, Number(own[r]!.split("\t")[3])];
      assert.ok(Math.abs(found - expected) < 0.01, `shell ${r}: ${found}, ${expected}`);
    }
  },
);
