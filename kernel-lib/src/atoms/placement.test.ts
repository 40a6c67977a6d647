import assert from "node:assert/strict";
import { test } from "vitest";
import { modelDensity } from "../model/density";
import { fitBeads } from "./agreement";
import { BeadFit } from "./beadFit";
import { beadsOf } from "./beads";
import { blobsOf, correlation, overlaps } from "./blobs";
import { carryPoints } from "./displacementField";
import { ElasticNetwork } from "./elasticNetwork";
import { gaussiansAt, helices, modelOf, rmsBetween, turned } from "./molecule.test.helper";
import { rigidGroups } from "./rigidGroups";
import { routeThrough } from "./route";

const centre = [71, 59, 67] as const;

async function fitted() {
  const model = await modelOf(helices(3, 8, centre));
  const beads = beadsOf(model);
  const gaussians = gaussiansAt(model, model.positions);
  return { model, gaussians, ...fitBeads(model, beads, gaussians) };
}

test("overlaps are the integrals of the densities on a fine grid", async () => {
  const { gaussians } = await fitted();
  const blobs = blobsOf(gaussians);
  const { data } = modelDensity(gaussians, { boxSize: 128 });
  const grid = data.reduce((sum, value) => sum + value * value, 0);
  const exact = overlaps(blobs, blobs).reduce((sum, value) => sum + value, 0) * (2 * Math.PI) ** 1.5;
  assert.ok(Math.abs(exact / grid - 1) < 2e-3, `${exact} ${grid}`);
  assert.ok(Math.abs(correlation(blobs, blobs) - 1) < 1e-12);
});

test("the beads of a model take the blur of the map and lie inside", async () => {
  const { blur, outside, correlation: fit } = await fitted();
  assert.ok(Math.abs(blur - 2) < 0.7, String(blur));
  assert.ok(fit > 0.98 && outside === 0);
});

test("the gradient of the placement is that of finite differences", async () => {
  const { model, gaussians, beads: blurred } = await fitted();
  const beads = beadsOf(model);
  const fit = new BeadFit(blurred, new ElasticNetwork(beads));
  const target = blobsOf(gaussians);
  const at = beads.centres.map((x, k) => x + 0.4 * Math.sin(k));
  const objective = fit.objective(at, target);
  const gradient = new Float64Array(at.length);
  objective(at, gradient);
  const scratch = new Float64Array(at.length);
  for (const k of [0, 17, 40]) {
    const step = 1e-4;
    const value = (change: number) =>
      objective(
        at.map((x, j) => (j === k ? x + change : x)),
        scratch,
      );
    const slope = (value(step) - value(-step)) / (2 * step);
    assert.ok(
      Math.abs(slope - gradient[k]!) < 1e-4 * Math.max(1, Math.abs(slope)),
      `${slope} ${gradient[k]}`,
    );
  }
});

test("displacements carry the turn of a domain exactly, also beyond its Gaussians", async () => {
  const { model } = await fitted();
  const turn = { moves: () => true, degrees: 70, centre };
  const [from, to] = [model.positions, turned(model, turn)].map((at) => blobsOf(gaussiansAt(model, at)));
  const outside = Float64Array.of(centre[0], centre[1] + 60, centre[2] + 5, ...model.positions);
  const whole = { ...model, count: model.count + 1, positions: outside };
  assert.ok(rmsBetween(carryPoints(outside, from!, to!), turned(whole, turn)) < 1e-4);
});

test("rigid groups are chains, or ranges of residues", async () => {
  const { model } = await fitted();
  const ofResidue = (groups: string, chain: string, residue: number) =>
    rigidGroups(model, groups)[
      Array.from(model.residueNumbers).findIndex((n, i) => n === residue && model.chains[i] === chain)
    ];
  assert.equal(ofResidue("chains", "B", 3), 1);
  assert.equal(ofResidue("A:1-4+B, C:2", "B", 3), 0);
  assert.equal(ofResidue("A:1-4+B, C:2", "A", 5), -1);
  assert.equal(ofResidue("A:1-4+B, C:2", "C", 2), 1);
  assert.throws(
    () => rigidGroups(model, "A:1-4,A:4-6"),
    /rigid: expected groups without common residues, found A:4/,
  );
  assert.throws(
    () => rigidGroups(model, "A:90-99"),
    /rigid: A:90-99: expected residues of test\.pdb, found none/,
  );
  assert.throws(() => rigidGroups(model, "A:x"), /rigid: expected chains, or ranges such as/);
});

test("the route reaches each state from the one most like it", async () => {
  const { model } = await fitted();
  const states = [0, 30, 10, 20].map((degrees) =>
    gaussiansAt(model, turned(model, { moves: () => true, degrees, centre })),
  );
  const legs = routeThrough(states).map(({ from, to }) => [from, to]);
  assert.deepEqual(legs, [
    [0, 2],
    [2, 3],
    [3, 1],
  ]);
});
