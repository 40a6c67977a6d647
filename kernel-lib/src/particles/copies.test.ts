import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "vitest";
import { skipIf } from "../../../tests/requirement";
import { haveProgram, runProgram } from "../../../tests/testing";
import { pointGroup, product } from "../optics/symmetry";
import { openParticles, type ParticleSet } from "./particleSet";
import { randomParticles } from "./synthetic.test.helper";
import { prepareTargets } from "./targets";
import { made } from "./targets.test.helper";
import { writeSelection } from "./writeSelection";

/** A file of particles with images, opened without symmetry and with it. */
async function opened(t: TestContext, symmetry: string, count = 5) {
  const { set, folder } = await made(t, randomParticles(3, count, { ctf: true }), { size: 32 });
  const copies = await openParticles(set.file, { symmetry });
  t.onTestFinished(() => copies.close());
  return { set, copies, folder };
}

function assertClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(Math.abs(found[i]! - expected[i]!) < tolerance, `${i}: ${found[i]} and ${expected[i]}`);
  }
}

test("copy g of particle i is number i·n + g, with rotation R·S_g, and everything else of the particle", async (t) => {
  const { set, copies } = await opened(t, "D2");
  const { operators } = pointGroup("D2");
  assert.equal(copies.count, 20);
  assert.equal(copies.symmetry?.name, "D2");
  const [own, all] = [set.rotations(), copies.rotations()];
  for (let at = 0; at < 20; at++) {
    const [i, g] = [Math.floor(at / 4), at % 4];
    assertClose(all.subarray(9 * at, 9 * at + 9), product(own.subarray(9 * i, 9 * i + 9), operators[g]!));
    assert.deepEqual(copies.ctf(at), set.ctf(i));
    assert.deepEqual(copies.image(at), set.image(i));
    assert.equal(copies.images![at], copies.images![4 * i]);
  }
  assert.deepEqual(await copies.readImages([7]), await set.readImages([1]));
  assert.equal(set.images, undefined);
  assert.equal((await openParticles(set.file, { symmetry: "C1" })).count, 5);
});

test("copies can be selected, by their number or by row and operator, and their originals found", async (t) => {
  const { set, copies } = await opened(t, "C3");
  const some = copies.select([14, 1, 2]);
  assert.deepEqual(
    [[...some.rows], [...some.operators!]],
    [
      [4, 0, 0],
      [2, 1, 2],
    ],
  );
  const again = copies.selectRows(some.rows, some.operators);
  assert.deepEqual(again.rotations(), some.rotations());
  assert.deepEqual([...copies.selectRows([3]).operators!], [0]);
  await assert.rejects(async () => some.selectRows([0], [0]), /selection/);
  const originals = some.originals();
  assert.deepEqual([...originals.rows], [4, 0]);
  assert.deepEqual(originals.rotations(), set.select([4, 0]).rotations());
  assert.equal(set.originals(), set);
});

test("written copies have their own angles, originals are written as they are", async (t) => {
  const { set, copies, folder } = await opened(t, "C3");
  const some = copies.select([4, 12, 5]);
  const check = async (file: string) => {
    const back = await openParticles(file, { dataFolder: folder });
    assertClose(back.rotations(), some.rotations());
    assertClose(back.shifts(), some.shifts());
    assert.deepEqual(back.ctf(1), set.ctf(4));
    assert.deepEqual(back.image(2), set.image(1));
    await back.close();
  };
  const [one, two, three] = ["one", "two", "three"].map((name) => path.join(folder, `${name}.star`));
  await some.writeStar(one!);
  await check(one!);
  await writeSelection(two!, copies, { rows: [4, 12, 5] });
  await check(two!);
  await some.originals().writeStar(three!);
  const rows = (file: string) =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.includes("@"));
  assert.deepEqual(rows(three!), [rows(set.file)[1], rows(set.file)[4]]);
});

test.for([true, false])(
  "copies share the transform of their particle, in memory: %s",
  async (inMemory, t) => {
    const { set, copies } = await opened(t, "C7");
    const how = { boxSize: 24, rings: 10, memoryBudget: inMemory ? 1e9 : 0 };
    const [plain, shared] = [await prepareTargets(set, how), await prepareTargets(copies, how)];
    assert.equal(shared.count, 35);
    assert.equal(shared.inMemory, inMemory);
    const [a, b] = [await plain.batch([2, 0, 4]), await shared.batch([17, 3, 34])];
    assert.deepEqual(b, a);
    const power = (values: Float32Array, i: number) => values.slice(11 * i, 11 * (i + 1));
    for (const [copy, i] of [
      [0, 0],
      [17, 2],
      [34, 4],
    ] as const) {
      assert.deepEqual(power(shared.ctfPower, copy), power(plain.ctfPower, i));
    }
    await assert.rejects(async () => shared.batch([35]), /0 to|selection/);
    await plain.dispose();
    await shared.dispose();
  },
);

test("transforms of copies need no more memory than those of their particles", async (t) => {
  const { set, copies } = await opened(t, "I", 2);
  const { rings } = { rings: 10 };
  const needed = await prepareTargets(set, { boxSize: 24, rings, memoryBudget: 1e9 });
  const bytes = 4 * (await needed.batch([0, 1])).length;
  const shared = await prepareTargets(copies, { boxSize: 24, rings, memoryBudget: bytes });
  assert.equal(shared.count, 120);
  assert.ok(shared.inMemory);
});

/** Whether each rotation of the one set is one of the other's of the same image, and how many. */
function sameRotations(own: ParticleSet, theirs: ParticleSet): boolean {
  const [a, b] = [own.rotations(), theirs.rotations()];
  const isNear = (i: number, j: number) => {
    for (let k = 0; k < 9; k++) if (Math.abs(a[9 * i + k]! - b[9 * j + k]!) > 1e-3) return false;
    return own.image(i).section === theirs.image(j).section;
  };
  const all = Array.from({ length: theirs.count }, (_, j) => j);
  return all.every((i) => all.filter((j) => isNear(i, j)).length === 1);
}

const skip = haveProgram("relion_particle_symmetry_expand") ? false : "RELION is not installed";
test.for(["C3", "C7", "D3"])(
  "copies of %s are the rows of RELION's expanded file",
  skipIf(skip),
  async (symmetry, t) => {
    const { copies, folder } = await opened(t, symmetry, 4);
    runProgram(
      "relion_particle_symmetry_expand",
      ["--i", "particles.star", "--sym", symmetry, "--o", "all.star"],
      folder,
    );
    const theirs = await openParticles(path.join(folder, "all.star"));
    assertClose(copies.rotations(), theirs.rotations(), 1e-3);
    assertClose(copies.shifts(), theirs.shifts(), 1e-3);
    assert.deepEqual(copies.textColumn("_rlnImageName"), theirs.textColumn("_rlnImageName"));
    await theirs.close();
  },
);
test.for(["T", "O", "I", "I3"])(
  "copies of %s are those of RELION, in another order",
  skipIf(skip),
  async (symmetry, t) => {
    const { copies, folder } = await opened(t, symmetry, 2);
    runProgram(
      "relion_particle_symmetry_expand",
      ["--i", "particles.star", "--sym", symmetry, "--o", "all.star"],
      folder,
    );
    const theirs = await openParticles(path.join(folder, "all.star"));
    assert.equal(copies.count, theirs.count);
    assert.ok(sameRotations(copies, theirs));
    await theirs.close();
  },
);
