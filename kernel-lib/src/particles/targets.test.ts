import assert from "node:assert/strict";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { InputError, StoppedError } from "../errors";
import { createStack } from "../formats/mrc";
import { disc, sampleIndex } from "../fourier/disc";
import { ctfValue } from "../optics/ctf";
import { openParticles } from "./particleSet";
import { correlation, projectionTransform, randomParticles, relionStar } from "./synthetic.test.helper";
import { prepareTargets } from "./targets";
import { made, projectionImage } from "./targets.test.helper";

for (const size of [48, 47, 51]) {
  test(`images of ${size} pixels have their centre at pixel ⌊S/2⌋ and agree with the analytical transform`, async (t) => {
    const particles = randomParticles(1, 4);
    const { set, gaussians } = await made(t, particles, { size });
    const rings = 14;
    const targets = await prepareTargets(set, { boxSize: 36, rings });
    assert.equal(targets.apix * targets.boxSize, size * 2);
    const transforms = await targets.batch([0, 1, 2, 3]);
    const layout = disc(rings);
    for (let i = 0; i < 4; i++) {
      const expected = projectionTransform(gaussians, {
        size,
        disc: layout,
        rotation: targets.rotations.subarray(9 * i, 9 * i + 9),
        shift: [targets.shifts[2 * i]!, targets.shifts[2 * i + 1]!],
        boxLength: 2 * size,
      });
      // The real-space width is 2·1.6 Å = 1.6 pixels of 2 Å.
      assert.ok(correlation(transforms, expected, layout, i * 2 * layout.samples) > 0.9999);
    }
  });
}

test("optics groups with other pixels and boxes line up with the reference group", async (t) => {
  const particles = randomParticles(2, 2);
  const { set: reference, gaussians, folder } = await made(t, particles);
  const wanted = await prepareTargets(reference, { boxSize: 32, rings: 14 });
  const expected = await wanted.batch([0, 1]);
  for (const [size, apix] of [
    [48, 2.02],
    [60, 1.6],
    [60, 1.75],
    [44, 2.3],
  ] as const) {
    const name = `other${size}.mrcs`;
    const stack = await createStack(path.join(folder, name), { size: [size, size], apix });
    for (const particle of particles)
      await stack.append(projectionImage(gaussians, particle, { size: size, apix: apix, boxLength: 96 }));
    await stack.close();
    const both = [
      ...particles,
      ...particles.map((p) => ({ ...p, image: p.image.replace("images.mrcs", name) })),
    ];
    const star = relionStar(both, { apix: 2, size: 48 })
      .replace(/(group1 .*)\n/, `$1\ngroup2 2 300 2.7 0.1 ${apix} ${size} 2\n`)
      .replace(/1 (\d+@other)/g, "2 $1");
    const file = path.join(folder, `${size}.star`);
    writeFileSync(file, star);
    const set = await openParticles(file);
    t.onTestFinished(() => set.close());
    const targets = await prepareTargets(set, { boxSize: 32, rings: 14 });
    const transforms = await targets.batch([2, 3]);
    assert.deepEqual(targets.shifts.subarray(4), targets.shifts.subarray(0, 4));
    const layout = disc(14);
    for (let i = 0; i < 2; i++) {
      const own = expected.subarray(i * 2 * layout.samples, (i + 1) * 2 * layout.samples);
      const c = correlation(transforms, own, layout, i * 2 * layout.samples);
      assert.ok(c > 0.9995, `${size} pixels of ${apix} Å: ${c}`);
    }
  }
});

test("phases are flipped by the sign of the CTF, unless file or caller say that they already are", async (t) => {
  const particles = randomParticles(3, 1, { ctf: true });
  const rings = 20;
  const layout = disc(rings);
  const read = async (edit: (star: string) => string, phaseFlipped?: boolean) => {
    const { set } = await made(t, particles, { edit });
    const targets = await prepareTargets(set, {
      boxSize: 48,
      rings,
      ...(phaseFlipped !== undefined && { phaseFlipped }),
    });
    return { set, targets, transform: await targets.batch([0]) };
  };
  const asIs = (star: string) => star;
  const add = (column: string) => (star: string) =>
    star
      .replace("_rlnImageDimensionality #8", `_rlnImageDimensionality #8\n_rln${column} #9`)
      .replace("48 2\n", "48 2 1\n");
  const plain = await read(asIs);
  const untouched = await read(asIs, true);
  let negative = 0;
  for (let kx = 0; kx <= rings; kx++) {
    for (let ky = -rings; ky <= rings; ky++) {
      const i = sampleIndex(rings, kx, ky);
      if (layout.ring[i] === 0) continue;
      const sign = ctfValue(plain.set.ctf(0)!, kx, ky, 96) < 0 ? -1 : 1;
      if (sign < 0) negative++;
      assert.equal(plain.transform[2 * i]! + 0, sign * untouched.transform[2 * i]! + 0);
      assert.equal(plain.transform[2 * i + 1]! + 0, sign * untouched.transform[2 * i + 1]! + 0);
    }
  }
  assert.ok(negative > 100, "the CTF has negative lobes here");
  for (const column of ["CtfDataArePhaseFlipped", "CtfDataAreCtfPremultiplied"]) {
    const flagged = await read(add(column));
    assert.match(flagged.set.warnings.join(), /their phases are not flipped/);
    assert.deepEqual(flagged.transform, untouched.transform, column);
    assert.deepEqual(flagged.targets.ctfPower, plain.targets.ctfPower, column);
    assert.deepEqual((await read(add(column), false)).transform, plain.transform, column);
  }
});

test("the mean CTF² of every ring is provided, 1 without a CTF", async (t) => {
  const particles = randomParticles(4, 3, { ctf: true });
  const { set } = await made(t, particles);
  const rings = 9;
  const { ctfPower } = await prepareTargets(set, { boxSize: 20, rings });
  assert.equal(ctfPower.length, 30);
  for (let i = 0; i < 3; i++) {
    for (let r = 1; r <= rings; r++) {
      let sum = 0;
      let count = 0;
      for (let kx = -rings; kx <= rings; kx++) {
        for (let ky = -rings; ky <= rings; ky++) {
          if (Math.round(Math.hypot(kx, ky)) !== r) continue;
          sum += ctfValue(set.ctf(i)!, kx, ky, 96) ** 2;
          count++;
        }
      }
      assert.ok(Math.abs(ctfPower[i * 10 + r]! - sum / count) < 1e-6);
    }
  }
  const { set: without } = await made(t, randomParticles(4, 2));
  const power = (await prepareTargets(without, { boxSize: 20, rings })).ctfPower;
  assert.deepEqual([...power], new Array(20).fill(1));
});

test("transforms from memory and from images are equal, in any order and number", async (t) => {
  const particles = randomParticles(5, 300, { ctf: true });
  const random = (image: Float32Array, i: number) => image.set(image.map((v, j) => v + Math.sin(i + j * j)));
  const { set } = await made(t, particles, { size: 16, change: random });
  const options = { boxSize: 16, rings: 7 };
  const held = await prepareTargets(set, options);
  const streamed = await prepareTargets(set, { ...options, memoryBudget: 1000 });
  t.onTestFinished(() => streamed.dispose());
  assert.deepEqual([held.inMemory, streamed.inMemory], [true, false]);
  assert.deepEqual(streamed.ctfPower, held.ctfPower);
  for (const indices of [
    [0],
    [299, 0, 256, 255, 17, 17],
    Int32Array.from({ length: 300 }, (_, i) => 299 - i),
  ]) {
    const a = await held.batch(indices);
    assert.equal(a.length, indices.length * 2 * disc(7).samples);
    assert.deepEqual(await streamed.batch(indices), a);
  }
  const [one, other] = await Promise.all([streamed.batch([1, 2, 3]), streamed.batch([3, 2])]);
  assert.deepEqual(one.subarray(4 * disc(7).samples), other.subarray(0, 2 * disc(7).samples));
  await assert.rejects(held.batch([300]), /index: expected 0 to 299, found 300/);
  await assert.rejects(streamed.batch([300]), /expected particles from 0 to 299, found 300/);
});

test("results do not depend on the number of threads or of particles", async (t) => {
  const particles = randomParticles(10, 600, { ctf: true });
  const random = (image: Float32Array, i: number) => image.set(image.map((v, j) => v + Math.cos(i + j * j)));
  const { set } = await made(t, particles, { size: 20, change: random });
  const options = { boxSize: 20, rings: 9 };
  const one = await prepareTargets(set, { ...options, threads: 1 });
  const all = Int32Array.from({ length: 600 }, (_, i) => i);
  const expected = await one.batch(all);
  const progress: number[] = [];
  const onProgress = ({ done }: { done: number }) => progress.push(done);
  const three = await prepareTargets(set, { ...options, threads: 3, onProgress });
  assert.deepEqual([progress.at(-1), ...progress], [600, ...progress.slice().sort((a, b) => a - b)]);
  const streamed = await prepareTargets(set, { ...options, threads: 3, memoryBudget: 1000 });
  const few = await prepareTargets(set.select(all.subarray(500, 530)), options);
  for (const targets of [three, streamed]) {
    assert.deepEqual(targets.ctfPower, one.ctfPower);
    assert.deepEqual(await targets.batch(all), expected);
    await targets.dispose();
  }
  const width = 2 * disc(9).samples;
  assert.deepEqual(await few.batch(all.subarray(0, 30)), expected.slice(500 * width, 530 * width));
  // Transforms in memory need no threads.
  assert.deepEqual(await three.batch([7]), expected.slice(7 * width, 8 * width));
  await assert.rejects(streamed.batch([7]), /threads have been disposed of/);
  assert.equal((await one.batch([])).length, 0);
  await assert.rejects(prepareTargets(set, { ...options, threads: 0 }), /threads: expected an integer/);
});

test("a broken image is reported, in the first pass and in a batch", async (t) => {
  const { set, folder } = await made(t, randomParticles(12, 200), { size: 16 });
  // Pixel 5 of section 151, patched in the file, since the writer refuses NaN.
  const stack = openSync(path.join(folder, "images.mrcs"), "r+");
  writeSync(stack, Float32Array.of(Number.NaN), 0, 4, 1024 + 4 * (150 * 16 * 16 + 5));
  closeSync(stack);
  const options = { boxSize: 16, rings: 7 };
  const place = /images\.mrcs: section 151/;
  await assert.rejects(prepareTargets(set, options), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, place);
    return true;
  });
  const streamed = await prepareTargets(set, { ...options, memoryBudget: 1000 });
  t.onTestFinished(() => streamed.dispose());
  await assert.rejects(streamed.batch(Int32Array.from({ length: 200 }, (_, i) => i)), place);
  assert.ok((await streamed.batch([149, 151])).every(Number.isFinite));
});

test("a batch that is pending at disposal fails", async (t) => {
  const { set } = await made(t, randomParticles(13, 70), { size: 16 });
  const streamed = await prepareTargets(set, { boxSize: 16, rings: 7, memoryBudget: 1000 });
  const running = streamed.batch(Int32Array.from({ length: 70 }, (_, i) => i));
  await Promise.all([assert.rejects(running, /particle images: /), streamed.dispose()]);
});

test("a selection has the poses, CTFs and transforms of its particles", async (t) => {
  const { set } = await made(t, randomParticles(6, 5, { ctf: true }));
  const options = { boxSize: 32, rings: 10 };
  const all = await prepareTargets(set, options);
  const some = await prepareTargets(set.select([4, 1]), options);
  assert.deepEqual(await some.batch([0, 1]), await all.batch([4, 1]));
  assert.deepEqual(some.rotations.subarray(9), all.rotations.subarray(9, 18));
  assert.deepEqual(some.shifts.subarray(0, 2), all.shifts.subarray(8, 10));
  assert.deepEqual(some.ctfPower.subarray(0, 11), all.ctfPower.subarray(44, 55));
});

test("brightness, contrast and constant images do not matter and give no NaN", async (t) => {
  const particles = randomParticles(7, 3).map((p) => ({
    ...p,
    angles: [10, 20, 30] as [number, number, number],
    origin: [0, 0] as [number, number],
  }));
  const { set } = await made(t, particles, {
    change: (image, i) => {
      if (i === 1) image.set(image.map((v) => 500 * v + 3));
      if (i === 2) image.fill(4);
    },
  });
  const targets = await prepareTargets(set, { boxSize: 32, rings: 12 });
  const width = 2 * disc(12).samples;
  const batch = await targets.batch([0, 1, 2]);
  for (let i = 0; i < width; i++) assert.ok(Math.abs(batch[i]! - batch[width + i]!) < 1e-5);
  assert.ok(batch.every(Number.isFinite));
});

test("the work can be stopped, reports progress, and fails at once if a stack is missing", async (t) => {
  const { set, folder } = await made(t, randomParticles(8, 4));
  const options = { boxSize: 32, rings: 12 };
  await assert.rejects(prepareTargets(set, { ...options, signal: AbortSignal.abort() }), StoppedError);
  const seen: number[] = [];
  await prepareTargets(set, { ...options, onProgress: ({ done, total }) => seen.push(done / total) });
  assert.equal(seen.at(-1), 1);
  const { set: many } = await made(t, randomParticles(8, 600), { size: 16 });
  const controller = new AbortController();
  const stopped = prepareTargets(many, {
    ...options,
    boxSize: 16,
    rings: 7,
    threads: 1,
    signal: controller.signal,
    onProgress: ({ done }) => {
      assert.ok(done < 600);
      controller.abort(new Error("enough"));
    },
  });
  await assert.rejects(stopped, (error) => error instanceof StoppedError && error.message === "enough");
  const star = relionStar(
    [...randomParticles(8, 400), ...randomParticles(9, 1, { imageName: () => "1@gone.mrcs" })].map(
      (p, i) => ({ ...p, image: i < 400 ? "000001@images.mrcs" : p.image }),
    ),
    { apix: 2, size: 48 },
  );
  writeFileSync(path.join(folder, "b.star"), star);
  const broken = await openParticles(path.join(folder, "b.star"));
  t.onTestFinished(() => broken.close());
  const progress: unknown[] = [];
  await assert.rejects(
    prepareTargets(broken, { ...options, onProgress: (p) => progress.push(p) }),
    InputError,
  );
  assert.deepEqual(progress, []);
});

test("rings that do not fit the box are refused", async (t) => {
  const { set } = await made(t, randomParticles(8, 1));
  for (const rings of [0, 16, 2.5]) {
    await assert.rejects(prepareTargets(set, { boxSize: 32, rings }), RangeError);
  }
});
