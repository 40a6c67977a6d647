import assert from "node:assert/strict";
import { disc } from "e2gmm/dist/fourier/disc";
import { DenseLayer } from "e2gmm/dist/network/denseLayer";
import { NetworkThreads } from "e2gmm/dist/network/networkThreads";
import { Rows } from "e2gmm/dist/network/rows";
import {
  type ImageChunk,
  ImageTransformer,
  sharedFloats,
} from "e2gmm/dist/particles/images/imageTransformer";
import { TransformThreads } from "e2gmm/dist/particles/images/transformThreads";
import { exampleBatch } from "e2gmm/dist/projection/examples";
import { WasmEngine } from "e2gmm/dist/projection/wasm";
import { Random } from "e2gmm/dist/random";

/**
 * The three pools of worker threads, each with a memory that grows with every job. The first job has one particle or piece, so
 * that most threads are still starting while the memory grows. Results are compared with those of a memory that did not grow.
 */

/** @returns number of jobs */
export async function growProjection(jobs: number, threads = 4): Promise<number> {
  const engine = new WasmEngine({ threads });
  const one = exampleBatch({ count: 1, gaussians: 12, boxSize: 16 });
  const { batch, request } = one;
  const { score } = await engine.evaluate(batch, request);
  const [expected] = score;
  for (let job = 1; job < jobs; job++) {
    // 64 KiB are a hundred particles of this size.
    const count = 100 * job;
    const repeated = (values: Float32Array) => {
      const all = new Float32Array(count * values.length);
      for (let b = 0; b < count; b++) all.set(values, b * values.length);
      return all;
    };
    const all = {
      ...batch,
      count,
      model: repeated(batch.model),
      rotations: repeated(batch.rotations),
      shifts: repeated(batch.shifts),
      targets: repeated(batch.targets),
    };
    const found = await engine.evaluate(all, request);
    assert.ok(found.score.every((value) => value === expected));
  }
  await engine.dispose();
  return jobs;
}

/** @returns number of jobs */
export async function growNetworks(jobs: number, threads = 4): Promise<number> {
  const pool = new NetworkThreads(threads);
  const rows = 64;
  const width = 384;
  const random = new Random(5);
  const numbers = () => Float32Array.from({ length: rows * width }, () => random.normal());
  const layer = new DenseLayer(pool, width, width);
  layer.values.set(
    Float32Array.from({ length: width * width }, () => random.normal()),
    new Float32Array(width),
  );
  const [input, outputGradient] = [new Rows(pool, rows, width), new Rows(pool, rows, width)];
  input.put(numbers(), 0, rows);
  outputGradient.put(numbers(), 0, rows);
  let expected: Float32Array | undefined;
  for (let job = 0; job < jobs; job++) {
    // At the end of the grown memory.
    const result = new Rows(pool, rows, width);
    layer.backward({ rows, input, outputGradient, inputGradient: result, relu: false });
    expected ??= result.dense(rows);
    assert.deepEqual(result.dense(rows), expected);
    // Starts and exits of threads are handled only between tasks.
    await new Promise(setImmediate);
  }
  pool.dispose();
  return jobs;
}

/** @returns number of jobs */
export async function growImages(jobs: number, threads = 4): Promise<number> {
  const rings = 7;
  const edge = 48;
  const random = new Random(7);
  const pool = new TransformThreads(rings, edge, threads);
  const here = new ImageTransformer(rings, edge);
  const chunk = (size: number): ImageChunk => {
    const pixels = sharedFloats(size * size);
    for (let i = 0; i < pixels.length; i++) pixels[i] = random.normal();
    return {
      images: [{ size, ratio: 1, flip: false, ctf: undefined }],
      pixels,
      transforms: sharedFloats(2 * disc(rings).samples),
      power: sharedFloats(rings + 1),
    };
  };
  for (let job = 0; job < jobs; job++) {
    // Each size allocates new memory in each thread.
    const chunks = Array.from({ length: threads }, () => chunk(16 + 2 * job));
    await Promise.all(chunks.map((given) => pool.run(given)));
    for (const given of chunks) {
      const own = {
        ...given,
        transforms: new Float32Array(given.transforms!.length),
        power: new Float32Array(rings + 1),
      };
      here.run(own);
      assert.deepEqual(Array.from(given.transforms!), Array.from(own.transforms));
    }
  }
  await pool.dispose();
  return jobs;
}
