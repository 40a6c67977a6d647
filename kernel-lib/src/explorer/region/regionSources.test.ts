import assert from "node:assert/strict";
import { test } from "vitest";
import type { AtomModel } from "../../atoms/atomModel";
import { emptyModel } from "../../model/gaussianModel";
import type { DensityMapState } from "../gaussianViewer/densityMap";
import { gaussiansAboveLevel, gaussiansOfChains } from "./regionSources";

/** Gaussians at x = −30, −10, 10, 30 Å in a box of 100 Å whose middle is at (60, 50, 50). */
function row() {
  const model = { ...emptyModel(4, 50, 2), origin: [10, 0, 0] as [number, number, number] };
  model.params.set([-0.3, -0.1, 0.1, 0.3]);
  return model;
}

function atoms(places: readonly (readonly [chain: string, x: number])[]): AtomModel {
  return {
    file: "a.pdb",
    count: places.length,
    chains: places.map(([chain]) => chain),
    positions: Float64Array.from(places.flatMap(([, x]) => [x, 50, 50])),
  } as unknown as AtomModel;
}

test("a Gaussian belongs to the chain of its nearest atom, in the frame of the map, if that is near", () => {
  const found = gaussiansOfChains(
    row(),
    atoms([
      ["B", 31],
      ["A", 46],
      ["A", 69],
      ["B", 73],
      ["C", 200],
    ]),
    5,
  );
  assert.deepEqual(found, [
    { chain: "B", indices: [0] },
    { chain: "A", indices: [1, 2] },
    { chain: "C", indices: [] },
  ]);
});

test("atoms that lie elsewhere, and a distance of 0, are refused", () => {
  assert.throws(
    () => gaussiansOfChains(row(), atoms([["A", 300]]), 5),
    /a\.pdb: expected atoms within 5 Å of the Gaussians, in the frame of the map .*, found none/,
  );
  assert.throws(
    () => gaussiansOfChains(row(), atoms([["A", 31]]), 0),
    /distance: expected a length in Å above 0/,
  );
});

test("a map takes the Gaussians at its level or above; outside of the map there are none", () => {
  // 11 voxels of 5 Å along x, from −25 Å on, with values 0 to 10
  const map = {
    ...{ name: "map", size: [11, 1, 1], apix: 5, origin: [-25, 0, 0], low: 0, high: 10 },
    data: Uint16Array.from({ length: 11 }, (_, x) => Math.round(6553.5 * x)),
  } as unknown as DensityMapState;
  assert.deepEqual(gaussiansAboveLevel(row(), { ...map, level: 6.9 }), [2]);
  assert.deepEqual(gaussiansAboveLevel(row(), { ...map, level: 2 }), [1, 2]);
  assert.throws(
    () => gaussiansAboveLevel(row(), { ...map, level: 9 }),
    /map: expected Gaussians where the map is at least 9/,
  );
});
