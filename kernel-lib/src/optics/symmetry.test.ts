import assert from "node:assert/strict";
import { test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram } from "../../../tests/testing";
import { isSameRotation, pointGroup, product, productTable, transposed } from "./symmetry";

const orders = { C1: 1, C2: 2, C7: 7, D2: 4, D5: 10, T: 12, O: 24, I: 60, I1: 60, I2: 60, I3: 60, I4: 60 };
const names = Object.keys(orders) as (keyof typeof orders)[];

/** The matrices that RELION prints for a point group. */
function relionOperators(name: string): number[][] {
  const text = runProgram("relion_refine", ["--sym", name, "--print_symmetry_ops"]);
  return [...text.matchAll(/R\(\d+\)=\s*((?:[-+.\de]+\s+){9})/g)].map((found) =>
    found[1]!.trim().split(/\s+/).map(Number),
  );
}

/** RELION's axes have five or six decimals. */
function isNear(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return Array.from(a).every((value, i) => Math.abs(value - b[i]!) < 1e-3);
}

const skip = haveProgram("relion_refine") ? false : "RELION is not installed";
test.for([...names, "D3", "D7"])("the operators of %s are RELION's", skipIf(skip), (name) => {
  const { operators } = pointGroup(name);
  const theirs = relionOperators(name);
  assert.equal(operators.length, theirs.length);
  for (const own of operators) assert.equal(theirs.filter((one) => isNear(one, own)).length, 1);
});

test.for(["C7", "D2", "D7"])("the operators of %s are in RELION's order", skipIf(skip), (name) => {
  const theirs = relionOperators(name);
  for (const [g, own] of pointGroup(name).operators.entries()) assert.ok(isNear(own, theirs[g]!), `${g}`);
});

test.for(names)("the operators of %s are a group of rotations, the identity first", (name) => {
  const group = pointGroup(name);
  const { order, operators } = group;
  assert.equal(order, orders[name]);
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  assert.ok(isSameRotation(operators[0]!, identity));
  const table = productTable(group);
  for (let g = 0; g < order; g++) {
    const row = table.subarray(order * g, order * (g + 1));
    assert.deepEqual(
      [...row].sort((a, b) => a - b),
      [...operators.keys()],
    );
    const [a, b, c, d, e, f, h, i, j] = operators[g]! as unknown as number[] as [
      ...[number, number, number, number, number, number, number, number, number],
    ];
    const determinant = a * (e * j - f * i) - b * (d * j - f * h) + c * (d * i - e * h);
    assert.ok(Math.abs(determinant - 1) < 1e-9);
    assert.ok(isSameRotation(product(operators[g]!, transposed(operators[g]!)), identity));
  }
});

test("names are read in any case, and I is I2", () => {
  assert.deepEqual(pointGroup(" c3 "), pointGroup("C3"));
  assert.equal(pointGroup("i").name, "I2");
});

test.for(["", "C0", "C", "D", "C100", "T1", "I5", "Oh", "C3v", "Ci", "C-3", "C3.5"])(
  "%s is refused: it is no group of rotations",
  (name) => {
    assert.throws(() => pointGroup(name), /symmetry: expected a point group of rotations/);
  },
);
