import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "vitest";
import { disc } from "../../fourier/disc";
import type { Ctf } from "../../optics/ctf";
import { plainCtf } from "../../optics/ctf.test.helper";
import { Random } from "../../random";
import { type ImageChunk, type ImageRecord, ImageTransformer, sharedFloats } from "./imageTransformer";
import { TransformThreads } from "./transformThreads";

const rings = 15;
const boxLength = 48;

/** Chunks with images for the FFT in WebAssembly, the FFT in JavaScript, and the sum for other boxes. */
function chunks(count: number, size = 32): ImageChunk[] {
  const random = new Random(3);
  return Array.from({ length: count }, (_, i) => {
    const images = [size, 34, 40].map((boxSize, j) => {
      const ctf: Ctf = {
        ...plainCtf,
        defocusU: 10000 + 500 * i,
        defocusV: 9000 + 300 * j,
        angle: 10 * i,
      };
      return { size: boxSize, ratio: j === 2 ? 1.25 : 1, flip: i % 2 === 0, ctf };
    });
    const pixels = sharedFloats(images.reduce((sum, { size }) => sum + size * size, 0));
    pixels.set(pixels.map(() => random.normal()));
    const transforms = sharedFloats(images.length * 2 * disc(rings).samples);
    return { images, pixels, transforms, power: sharedFloats(images.length * (rings + 1)) };
  });
}

test("one thread, three, and the calling thread give identical results for each chunk", async () => {
  const here = new ImageTransformer(rings, boxLength);
  const expected = chunks(7);
  for (const chunk of expected) here.run(chunk);
  assert.ok(expected.every(({ transforms }) => transforms!.some((value) => value !== 0)));
  for (const threads of [1, 3]) {
    const pool = new TransformThreads(rings, boxLength, threads);
    const found = chunks(7);
    await Promise.all(found.map((chunk) => pool.run(chunk)));
    assert.deepEqual(found, expected);
    // Threads that have been idle work again.
    const again = chunks(1)[0]!;
    await pool.run(again);
    assert.deepEqual(again, expected[0]);
    await pool.dispose();
  }
});

test("idle threads do not keep the process alive, and busy ones do", () => {
  const script = `
    const { TransformThreads } = require(${JSON.stringify(path.join(__dirname, "transformThreads.js"))});
    const images = [{ size: 16, ratio: 1, flip: false, ctf: undefined }];
    const pool = new TransformThreads(5, 16, 2);
    const power = new Float32Array(new SharedArrayBuffer(24));
    const run = () => pool.run({ images, power });
    run().then(run).then(() => console.log(power.join("")));`;
  const { status, stdout } = spawnSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    timeout: 30000,
  });
  assert.equal(stdout.trim(), "111111");
  assert.equal(status, 0);
});

test("a thread that dies fails all pending chunks and every later one", async () => {
  const pool = new TransformThreads(rings, boxLength, 2);
  await pool.run(chunks(1)[0]!);
  // Chunks are given to the threads in turn: more of them than can be done before one is ended.
  const running = Promise.allSettled(chunks(12, 1000).map((chunk) => pool.run(chunk)));
  const { clients } = pool as unknown as { clients: { worker: { terminate(): Promise<number> } }[] };
  await clients[1]!.worker.terminate();
  const ends = await running;
  assert.deepEqual([ends.at(-3)!.status, ends.at(-1)!.status], ["rejected", "rejected"]);
  for (const end of ends) {
    if (end.status === "fulfilled") continue;
    assert.match(String(end.reason), /^Error: particle images: a worker thread ended, exit code 1$/);
  }
  await assert.rejects(pool.run(chunks(1)[0]!), /particle images: a worker thread ended, exit code 1/);
  await pool.dispose();
});

test("an error in a thread is reported", async () => {
  const pool = new TransformThreads(rings, boxLength, 1);
  const images = [null] as unknown as ImageRecord[];
  await assert.rejects(
    pool.run({ images, power: sharedFloats(9) }),
    /^Error: particle images: a worker thread failed, .* null/,
  );
  await pool.dispose();
});

test("disposal fails pending and later chunks", async () => {
  const pool = new TransformThreads(rings, boxLength, 2);
  const running = assert.rejects(pool.run(chunks(1, 1000)[0]!), /threads have been disposed of/);
  await pool.dispose();
  await running;
  await assert.rejects(pool.run(chunks(1)[0]!), /threads have been disposed of/);
  await pool.dispose();
  const unused = new TransformThreads(rings, boxLength);
  await unused.dispose();
  await assert.rejects(unused.run(chunks(1)[0]!), /threads have been disposed of/);
});

test("an invalid number of threads is refused", () => {
  for (const threads of [0, 1.5, Number.NaN, 1000]) {
    assert.throws(
      () => new TransformThreads(rings, boxLength, threads),
      /threads: expected an integer from 1/,
    );
  }
});
