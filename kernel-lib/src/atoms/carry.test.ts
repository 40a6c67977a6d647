import assert from "node:assert/strict";
import { test } from "vitest";
import type { GaussianModel } from "../model/gaussianModel";
import { carryAtoms } from "./carry";
import { decoderOf, gaussiansAt, helices, modelOf, rmsBetween, turned } from "./molecule.test.helper";
import type { Decoder } from "./startPlace";

/** Helices of which the last two turn as a domain by 30° for z = 1, in the middle of the box. */
const centre = [71, 59, 67] as const;
const molecule = () => modelOf(helices(4, 16, centre));

async function hinged() {
  const model = await molecule();
  const positionsAt = (z: number) =>
    turned(model, {
      moves: (i) => model.chains[i]! >= "C",
      degrees: 30 * z,
      centre: [centre[0] + 16, centre[1], centre[2]],
    });
  return { model, positionsAt, run: decoderOf(model, positionsAt) };
}

test("a model follows a turning domain, keeps its bonds, and is unchanged at its start", async () => {
  const { model, positionsAt, run } = await hinged();
  const { models, start } = await carryAtoms(run, model, [0, 0.5, 1], { start: [0] });
  assert.ok(start.correlation > 0.98 && start.outside === 0);
  assert.deepEqual(models[0]!.positions, model.positions);
  assert.ok(rmsBetween(model.positions, positionsAt(1)) > 4);
  assert.ok(rmsBetween(models[1]!.positions, positionsAt(0.5)) < 0.4);
  assert.ok(rmsBetween(models[2]!.positions, positionsAt(1)) < 0.6);
  for (const each of models) assert.ok(each.bondChange < 0.02 && each.largestBondChange < 0.05);
  assert.ok(models[2]!.largestDisplacement > models[2]!.displacement && models[2]!.displacement > 4);
});

test("the displacements alone carry the turn where Gaussians stay with their atoms", async () => {
  const { model, positionsAt, run } = await hinged();
  const { models } = await carryAtoms(run, model, [1], { start: [0], density: false });
  const rms = rmsBetween(models[0]!.positions, positionsAt(1));
  assert.ok(rms < 0.7, String(rms));
});

test("the density corrects Gaussians that slip along the molecule", async () => {
  const { model, positionsAt } = await hinged();
  // Beyond the start each Gaussian stands where the next but one along its chain should be: the density is the same.
  const slipping: Decoder = {
    latent: 1,
    decode: (z) => {
      const gaussians = gaussiansAt(model, positionsAt(z[0]!));
      return z[0] === 0 ? gaussians : slipped(gaussians);
    },
  };
  const rms = async (density: boolean) => {
    const { models } = await carryAtoms(slipping, model, [1], { start: [0], density });
    return rmsBetween(models[0]!.positions, positionsAt(1));
  };
  const [alone, corrected] = [await rms(false), await rms(true)];
  assert.ok(alone > 1.2, String(alone));
  assert.ok(corrected < 0.8, String(corrected));
});

/** Moves the Gaussians of each chain (two for each of its residues) on by two places, the last to the first. */
function slipped(model: GaussianModel): GaussianModel {
  const { count } = model;
  const chain = 32;
  const from = (i: number) => Math.floor(i / chain) * chain + ((i + 2) % chain);
  const params = model.params.map((_, k) => model.params[k - (k % count) + from(k % count)]!);
  return { ...model, params };
}

test("the start place is the one whose density is most like the model", async () => {
  const { model, positionsAt, run } = await hinged();
  const moved = { ...model, positions: positionsAt(1) };
  const { start } = await carryAtoms(run, moved, [0, 0.5, 1]);
  assert.deepEqual(start.place, [1]);
});

test("rigid groups keep their shape", async () => {
  const { model, run } = await hinged();
  const { models } = await carryAtoms(run, model, [1], { start: [0], rigid: "A+B,C+D" });
  const distance = (positions: Float64Array, i: number, j: number) =>
    Math.hypot(...[0, 1, 2].map((k) => positions[3 * i + k]! - positions[3 * j + k]!));
  const chain = (name: string) => model.chains.indexOf(name);
  for (const [one, other] of [
    ["A", "B"],
    ["C", "D"],
  ] as const) {
    const [i, j] = [chain(one), chain(other) + 30];
    const change = distance(models[0]!.positions, i, j) - distance(model.positions, i, j);
    assert.ok(Math.abs(change) < 1e-6, String(change));
  }
});

test("what is not part of the model does not attract it", async () => {
  const { positionsAt, run } = await hinged();
  const alone = await modelOf(helices(2, 16, centre));
  const warnings: string[] = [];
  const onWarning = (text: string) => warnings.push(text);
  const { models, start } = await carryAtoms(run, alone, [1], { start: [0], onWarning });
  assert.ok(start.correlation > 0.9, String(start.correlation));
  assert.ok(rmsBetween(models[0]!.positions, positionsAt(1).slice(0, alone.positions.length)) < 0.5);
  assert.deepEqual(warnings, []);
});

test("a model outside of the density is refused, one partly outside is reported", async () => {
  const { run } = await hinged();
  const far = await modelOf(helices(2, 16, [200, 59, 67]));
  await assert.rejects(
    carryAtoms(run, far, [0, 1]),
    /test\.pdb: expected a model fitted into the map, whose Gaussians are at x .*, found atoms at x 1\d\d to/,
  );
  const beside = await modelOf(helices(6, 16, centre));
  const warnings: string[] = [];
  await carryAtoms(run, beside, [0, 1], { start: [0], onWarning: (text) => warnings.push(text) });
  assert.match(warnings[0]!, /^\d\d % of the atoms of test\.pdb lie outside of the Gaussians/);
});

test("places and groups that make no sense are refused", async () => {
  const { model, run } = await hinged();
  await assert.rejects(carryAtoms(run, model, []), /places: expected one or more rows of 1 numbers/);
  await assert.rejects(carryAtoms(run, model, [Number.NaN]), /places/);
  await assert.rejects(
    carryAtoms(run, model, [0], { rigid: "X" }),
    /rigid: X: expected residues of test\.pdb/,
  );
});
