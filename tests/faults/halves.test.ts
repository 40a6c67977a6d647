import assert from "node:assert/strict";
import { linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { GaussianHead } from "e2gmm/dist/network/head";
import type { ParticleTargets } from "e2gmm/dist/particles/targets";
import type { ProjectionEngine } from "e2gmm/dist/projection/engine";
import { Random } from "e2gmm/dist/random";
import { reconstruct } from "e2gmm/dist/reconstruction/reconstruct";
import { defaultTrainingOptions } from "e2gmm/dist/training/options";
import { Trainer } from "e2gmm/dist/training/trainer";
import { afterAll, beforeAll, describe, test } from "vitest";
import { succeed } from "../cli/command";
import { CryosparcFile, PARTICLES, reading, Star, writeImages } from "./particleFiles";

/** Rows that name the same image stay in the same half and on the same side of every split. */

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "e2gmm-halves-"));
  writeImages(at("p.mrcs"));
  writeImages(at("q.mrcs"));
  symlinkSync("p.mrcs", at("link.mrcs"));
  linkSync(at("q.mrcs"), at("hard.mrcs"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const twice = Array.from({ length: 2 * PARTICLES }, (_, i) => i >> 1);
const again = Array.from({ length: 2 * PARTICLES }, (_, i) => i % PARTICLES);

interface Case {
  name: string;
  change: (star: Star) => unknown;
  /** For each row the first row with its image; undefined if no image is repeated. */
  images: number[] | undefined;
  notes?: RegExp[];
  /** The half sets that are used. */
  halves?: number[];
}

const without = (star: Star) => star.particles.drop("rlnRandomSubset");
const image = (star: Star, names: (i: number) => string) => star.particles.set("rlnImageName", names);

const cases: Case[] = [
  { name: "no repeated rows", change: () => {}, images: undefined, notes: [] },
  {
    name: "every row repeated at once",
    change: (s) => without(s).take(...twice),
    images: twice.map((i) => 2 * i),
    notes: [/^12 of 24 rows name an image a second time: rows of one image stay in the same half$/],
  },
  {
    name: "the whole file repeated",
    change: (s) => without(s).take(...again),
    images: again,
    notes: [/^12 of 24 rows/],
  },
  {
    name: "an image repeated with other poses",
    change: (s) => image(s, (i) => (i === 7 ? "000003@p.mrcs" : `${i + 1}@p.mrcs`)),
    images: [0, 1, 2, 3, 4, 5, 6, 2, 8, 9, 10, 11],
    notes: [/^1 of 12 rows/, /^1 image is in both half sets: /],
    halves: [1, 2, 1, 2, 1, 2, 1, 1, 1, 2, 1, 2],
  },
  {
    name: "an image repeated in the same half set",
    change: (s) => image(s, (i) => (i === 8 ? "3@p.mrcs" : `${i + 1}@p.mrcs`)),
    images: [0, 1, 2, 3, 4, 5, 6, 7, 2, 9, 10, 11],
    notes: [/^1 of 12 rows/],
    halves: [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2],
  },
  {
    name: "all half sets 0",
    change: (s) => s.particles.set("rlnRandomSubset", 0),
    images: undefined,
    notes: [/^_rlnRandomSubset is 0 for all particles: there are no half sets$/],
  },
  {
    name: "a stack by its name and a symbolic link",
    change: (s) => image(s, (i) => `${(i % 6) + 1}@${i < 6 ? "p" : "link"}.mrcs`),
    images: [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5],
  },
  {
    name: "a stack by its name and a hard link",
    change: (s) => image(s, (i) => `${(i % 6) + 1}@${i < 6 ? "q" : "hard"}.mrcs`),
    images: [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5],
  },
  {
    name: "a stack by two spellings of its path",
    change: (s) => image(s, (i) => `${(i % 6) + 1}@${i < 6 ? "" : "./"}p.mrcs`),
    images: [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5],
  },
  {
    name: "a stack by its relative and its absolute name",
    change: (s) => image(s, (i) => `${(i % 6) + 1}@${i < 6 ? "p.mrcs" : at("p.mrcs")}`),
    images: [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5],
  },
  {
    name: "the same sections of two stacks",
    change: (s) => image(s, (i) => `${(i % 6) + 1}@${i < 6 ? "p" : "q"}.mrcs`),
    images: undefined,
  },
];

describe("images and half sets", () => {
  for (const { name, change, images, notes, halves } of cases) {
    test(name, async () => {
      const star = new Star();
      change(star);
      writeFileSync(at("a.star"), star.text);
      const { set, refusal } = await reading(at("a.star"));
      assert.equal(refusal, "");
      assert.deepEqual(set!.images && [...set!.images], images);
      for (const [i, note] of (notes ?? []).entries()) assert.match(set!.warnings[i]!, note);
      if (notes) assert.equal(set!.warnings.length, notes.length);
      if (halves) assert.deepEqual([...set!.randomSubset!], halves);
    });
  }

  test("a .cs file, and a selection without shared images", async () => {
    const file = new CryosparcFile();
    file.set("blob/idx", 2, 7);
    writeFileSync(at("a.cs"), file.bytes);
    const { set } = await reading(at("a.cs"));
    assert.deepEqual([...set!.images!], [0, 1, 2, 3, 4, 5, 6, 2, 8, 9, 10, 11]);
    assert.match(set!.warnings[0]!, /^1 of 12 rows name an image a second time/);
    assert.equal(set!.randomSubset![7], set!.randomSubset![2]);
    assert.equal(set!.select([0, 1, 2]).images, undefined);
    assert.deepEqual([...set!.select([7, 2]).images!], [2, 2]);
    assert.deepEqual([...set!.select([4, 4]).images!], [4, 4]);
  });
});

describe("half maps", () => {
  const fscOf = async (rows: number[], subset: boolean) => {
    const star = new Star();
    star.particles.take(...rows);
    if (subset) star.particles.set("rlnRandomSubset", (i) => 1 + (i % 2));
    else without(star);
    writeFileSync(at("a.star"), star.text);
    const { set } = await reading(at("a.star"));
    const { fsc } = await reconstruct(set!);
    await set!.close();
    return fsc!.fsc.slice(1, 4);
  };

  for (const subset of [false, true]) {
    test(`repeated rows do not change the FSC${subset ? ", whatever their half sets" : ""}`, async () => {
      const once = await fscOf(
        Array.from({ length: PARTICLES }, (_, i) => i),
        false,
      );
      assert.ok(once.some((value) => value < 0.9));
      for (const rows of [twice, again]) {
        const found = await fscOf(rows, subset);
        for (const [i, value] of found.entries())
          assert.ok(Math.abs(value - once[i]!) < 0.02, `${found} ${once}`);
      }
    });
  }

  test("given halves and repeated indices keep images together", async () => {
    const star = new Star();
    without(star).take(...twice);
    writeFileSync(at("a.star"), star.text);
    const { set } = await reading(at("a.star"));
    const split = Uint8Array.from(twice, (_, i) => 1 + (i % 2));
    const given = await reconstruct(set!, { halves: split });
    const own = await reconstruct(set!);
    assert.deepEqual(given.half2!.data, own.half2!.data);
    const same = await reconstruct(set!, { indices: [3, 3, 3] });
    assert.equal(same.half2, undefined);
    await set!.close();
  });

  test("the command prints it", () => {
    const star = new Star();
    without(star).take(...twice);
    writeFileSync(at("twice.star"), star.text);
    const printed = succeed(folder, "reconstruct", "--particles", "twice.star", "--out", "map.mrc");
    assert.match(printed, /^note: 12 of 24 rows name an image a second time/m);
  });
});

describe("held-out particles", () => {
  const splitOf = (count: number, images?: Int32Array, heldOut = 0.1) => {
    const targets = { count, images } as ParticleTargets;
    const options = { ...defaultTrainingOptions, latent: 1, heldOut, seed: 7 };
    const none = {} as unknown;
    const head = { neutral: none } as GaussianHead;
    return new Trainer({ targets, head, options, engine: none as ProjectionEngine, threads: 1 });
  };

  test("are unchanged without repeated images", () => {
    const order = new Random(7).fork(1).permutation(500);
    const { validationSet: heldOut, trainingSet: trained } = splitOf(500);
    assert.deepEqual(heldOut, order.slice(0, 50).sort());
    assert.deepEqual(trained, order.slice(50).sort());
  });

  test("share no image with the training particles", () => {
    const random = new Random(3);
    for (let trial = 0; trial < 20; trial++) {
      const count = 100 + random.integer(200);
      const distinct = 1 + random.integer(count);
      const images = Int32Array.from({ length: count }, () => random.integer(distinct));
      const { validationSet: heldOut, trainingSet: trained } = splitOf(
        count,
        images,
        0.05 + 0.5 * random.uniform(),
      );
      assert.equal(heldOut.length + trained.length, count);
      const seen = new Set(Array.from(trained, (i) => images[i]));
      assert.ok(trained.length > 0);
      for (const i of heldOut) assert.ok(!seen.has(images[i]!), `trial ${trial}: particle ${i}`);
    }
  });
});
