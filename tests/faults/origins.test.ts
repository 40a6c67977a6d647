import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as e2 from "e2gmm";
import { placedLike } from "e2gmm/dist/explorer/exportedFiles";
import { pickGaussians } from "e2gmm/dist/model/gaussianModel";
import { afterAll, beforeAll, describe, test } from "vitest";
import { neutralModel, simulatedProject, succeed } from "../cli/command";
import { temporaryFolder } from "../testing";

/** Everything made from a map coincides with it in other programs, wherever its header places it. */

/** Å of the brightest voxel. */
function brightest({ data, size, apix, origin = [0, 0, 0] }: e2.maps.Volume): number[] {
  const at = data.indexOf(data.reduce((a, b) => Math.max(a, b)));
  const [nx, ny] = size;
  return [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))].map(
    (i, axis) => i * apix + origin[axis]!,
  );
}

/** Å of the centre of each Gaussian. */
function places({ count, params, boxSize, apix, origin = [0, 0, 0] }: e2.model.GaussianModel): number[][] {
  return Array.from({ length: count }, (_, i) =>
    [0, 1, 2].map(
      (axis) => (params[axis * count + i]! * boxSize + Math.floor(boxSize / 2)) * apix + origin[axis]!,
    ),
  );
}

const atoms = (pdb: string) =>
  pdb
    .split("\n")
    .filter((line) => line.startsWith("ATOM"))
    .map((line) => [30, 38, 46].map((from) => Number(line.slice(from, from + 8))));

function near(found: readonly number[], expected: readonly number[], within: number, what: string): void {
  const off = Math.hypot(...found.map((x, axis) => x - expected[axis]!));
  assert.ok(off <= within, `${what}: ${found.join(", ")} instead of ${expected.join(", ")}`);
}

/** name, box size of the map, size of the training box, position in the header, expected position */
const cases: [string, number, number, { origin?: number[]; start?: number[] }, number[]][] = [
  ["no position", 24, 20, {}, [0, 0, 0]],
  ["an origin", 24, 20, { origin: [-100.5, 20, 3.25] }, [-100.5, 20, 3.25]],
  ["an odd map with an origin", 25, 20, { origin: [7, 0, -40] }, [7, 0, -40]],
  ["an odd map", 25, 20, {}, [0, 0, 0]],
  ["a start in the cell, as in EMDB", 24, 20, { start: [-16, -16, 5] }, [-32, -32, 10]],
  ["both: the origin is used", 24, 20, { start: [-16, -16, 5], origin: [1, 2, 3] }, [1, 2, 3]],
];

for (const [name, edge, box, { origin, start }, place] of cases) {
  test(`${name}: model, atoms and density coincide with the map`, async (t) => {
    const folder = temporaryFolder(t);
    const at = (file: string) => path.join(folder, file);
    const truth: e2.model.GaussianModel = {
      count: 2,
      params: Float32Array.of(4 / edge, -5 / edge, -3 / edge, 2 / edge, 6 / edge, 0, 3, 1, 2.5, 2.5),
      boxSize: edge,
      apix: 2,
    };
    await e2.maps.write(at("map.mrc"), e2.model.density(truth));
    const bytes = readFileSync(at("map.mrc"));
    for (const [i, x] of (origin ?? []).entries()) bytes.writeFloatLE(x, 4 * (49 + i));
    for (const [i, x] of (start ?? []).entries()) bytes.writeInt32LE(x, 4 * (4 + i));
    writeFileSync(at("map.mrc"), bytes);

    const map = await e2.maps.read(at("map.mrc"));
    assert.deepEqual(map.origin, place);
    const expected = [4, -3, 6].map((x, axis) => (x + Math.floor(edge / 2)) * 2 + place[axis]!);
    near(brightest(map), expected, 0.01, "map");
    const grown = await e2.model.grow(map, {
      resolution: 9,
      gaussians: 2,
      boxSize: box,
      startGaussians: 2,
    });
    await e2.model.writeText(at("model.txt"), grown.model);
    const model = await e2.model.readText(at("model.txt"));
    assert.deepEqual(model, grown.model);
    const best = (found: number[][]) =>
      found.reduce((a, b) => {
        const off = (c: number[]) => Math.hypot(...c.map((x, axis) => x - expected[axis]!));
        return off(b) < off(a) ? b : a;
      });
    near(best(places(model)), expected, 0.5, "model");
    await e2.model.writePdb(at("model.pdb"), model);
    near(best(atoms(readFileSync(at("model.pdb"), "utf8"))), expected, 0.5, "atoms");
    assert.deepEqual(await e2.model.readPdb(at("model.pdb")), [model]);
    const loose = readFileSync(at("model.pdb"), "utf8").replace(/^REMARK 999 GAUSSIAN.*\n/gm, "");
    writeFileSync(at("atoms.pdb"), loose);
    near(best(places((await e2.model.readPdb(at("atoms.pdb")))[0]!)), expected, 0.5, "model from atoms");
    for (const boxSize of [box, 48, 37]) {
      const density = e2.model.density(model, { boxSize });
      await e2.maps.write(at("density.mrc"), density);
      near(brightest(await e2.maps.read(at("density.mrc"))), expected, density.apix, `density of ${boxSize}`);
    }
  });
}

describe("positions are kept", () => {
  const model: e2.model.GaussianModel = {
    count: 3,
    params: Float32Array.of(0.1, 0, -0.2, 0, 0.1, 0.2, 0, 0.2, 0.1, 1, 2, 3, 1, 1, 1),
    boxSize: 33,
    apix: 2,
    origin: [-10, 5, 2.5],
  };
  const same = (found: number[][], expected: number[][]) => {
    for (const [i, place] of found.entries()) near(place, expected[i]!, 1e-4, `Gaussian ${i}`);
  };

  test("for other boxes, parts of a model, and several models", () => {
    for (const [boxSize, apix] of [
      [20, undefined],
      [40, 1.5],
      [33, 3],
    ] as const) {
      same(places(e2.model.rescale(model, boxSize, apix)), places(model));
    }
    same(
      places(pickGaussians(model, [2, 0])),
      [2, 0].map((i) => places(model)[i]!),
    );
    same(places(e2.model.merge([model, model])), [...places(model), ...places(model)]);
    const moved = e2.model.move(model, [1, 0, 0, 0, 1, 0, 0, 0, 1], [1, 2, 3]);
    same(
      places(moved),
      places(model).map((place) => place.map((x, axis) => x + axis + 1)),
    );
  });

  test("for a map in another box, and for reconstructions beside a model in the explorer", () => {
    const map = e2.model.density(model, { boxSize: 66 });
    for (const target of [{ size: 44 }, { size: 45 }, { apix: 2 }]) {
      near(brightest(e2.maps.resize(map, target)), brightest(map), 2.5, JSON.stringify(target));
    }
    const { origin: _, ...unplaced } = map;
    const made = placedLike(model, { map: unplaced, half1: unplaced, half2: unplaced, leftOut: [] });
    for (const one of [made.map, made.half1!, made.half2!]) assert.deepEqual(one.origin, map.origin);
  });
});

describe("from neutral to decode", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "e2gmm-origin-"));
    simulatedProject(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("a run keeps the origin of the map and decodes to it", async () => {
    const at = (...parts: string[]) => path.join(folder, ...parts);
    const train =
      "train --particles sim/particles.star --model model.txt --latent 1 --epochs 1 --backend wasm --out".split(
        " ",
      );
    const ends = async (run: string) => {
      neutralModel(folder);
      succeed(folder, ...train, run);
      succeed(folder, "decode", run, "--z=0.5", "--model-out", `${run}.pdb`, "--map-out", `${run}.mrc`);
      return {
        atoms: atoms(readFileSync(at(`${run}.pdb`), "utf8")),
        map: await e2.maps.read(at(`${run}.mrc`)),
      };
    };
    const plain = await ends("plain");
    const bytes = readFileSync(at("sim/consensus.mrc"));
    for (const [i, x] of [12, -30, 4.5].entries()) bytes.writeFloatLE(x, 4 * (49 + i));
    writeFileSync(at("sim/consensus.mrc"), bytes);
    const placed = await ends("placed");
    assert.match(readFileSync(at("placed/neutral.txt"), "utf8"), /^# origin 12 -30 4\.5$/m);
    assert.doesNotMatch(readFileSync(at("plain/neutral.txt"), "utf8"), /origin 0/);
    for (const [i, atom] of placed.atoms.entries()) {
      const moved = plain.atoms[i]!.map((x, axis) => x + [12, -30, 4.5][axis]!);
      near(atom, moved, 0.002, `atom ${i}`);
    }
    assert.deepEqual(placed.map.origin, [12, -30, 4.5]);
    assert.deepEqual(placed.map.data, plain.map.data);
  });
});
