import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { haveProgram, runProgram, temporaryFolder } from "../../../tests/testing";
import { disc, sampleIndex } from "../fourier/disc";
import { normalizeRings } from "../fourier/imageTransform";
import { Random } from "../random";
import type { ProjectionBatch, ProjectionRequest, ProjectionResult } from "./engine";
import { exampleBatch } from "./examples";
import { ReferenceEngine } from "./reference";

const engine = new ReferenceEngine();

/** An element of an input of each particle, and the step of finite differences in it. */
interface Probe {
  input: "model" | "rotations" | "shifts";
  at: (b: number) => number;
  step: number;
}

/** Derivative of the score of each particle in an element of an input, by central differences of fourth order. */
async function derivative(
  batch: ProjectionBatch,
  request: ProjectionRequest,
  { input, at, step }: Probe,
): Promise<number[]> {
  const scores = async (offset: number) => {
    const values = batch[input].slice();
    for (let b = 0; b < batch.count; b++) values[at(b)]! += offset;
    return (await engine.evaluate({ ...batch, [input]: values }, { ...request, gradient: {} })).score;
  };
  const [p1, m1, p2, m2] = [
    await scores(step),
    await scores(-step),
    await scores(2 * step),
    await scores(-2 * step),
  ];
  return Array.from(p1, (_, b) => (8 * (p1[b]! - m1[b]!) - (p2[b]! - m2[b]!)) / (12 * step));
}

function largest(values: ArrayLike<number>): number {
  return Math.max(...Array.from(values, Math.abs));
}

test("gradients in centre, amplitude, sigma, rotation and shift agree with finite differences", async () => {
  for (const boxSize of [17, 18]) {
    const { batch, request } = exampleBatch({
      count: 2,
      gaussians: 4,
      boxSize,
      ownWeights: true,
      seed: boxSize,
    });
    const n = batch.gaussians;
    const result = (await engine.evaluate(batch, request)) as Required<ProjectionResult>;
    const check = async (probe: Probe, gradient: Float32Array, scale: number) => {
      const { input, at } = probe;
      const numeric = await derivative(batch, request, probe);
      for (let b = 0; b < batch.count; b++) {
        const error = Math.abs(numeric[b]! - gradient[at(b)]!);
        assert.ok(
          error < 1e-3 * scale,
          `${input}[${at(b)}]: ${gradient[at(b)]} but ${numeric[b]} by differences`,
        );
      }
    };
    for (let row = 0; row < 5; row++) {
      const kind = result.modelGradient.subarray(row * n, (row + 1) * n);
      for (let i = 0; i < n; i++) {
        const at = (b: number) => (5 * b + row) * n + i;
        const step = row < 3 ? 2 ** -9 : 2 ** -6;
        await check({ input: "model", at, step }, result.modelGradient, largest(kind));
      }
    }
    for (let j = 0; j < 9; j++) {
      const probe = { input: "rotations", at: (b: number) => 9 * b + j, step: 2 ** -8 } as const;
      await check(probe, result.rotationGradient, largest(result.rotationGradient));
    }
    for (let j = 0; j < 2; j++) {
      const probe = { input: "shifts", at: (b: number) => 2 * b + j, step: 2 ** -9 } as const;
      await check(probe, result.shiftGradient, largest(result.shiftGradient));
    }
  }
});

test("a projection correlates perfectly with itself, and the shift gradient points to a shifted target", async () => {
  const { batch, request } = exampleBatch({ count: 1, gaussians: 20, boxSize: 32 });
  const { boxSize, rings } = request;
  const images = await engine.project(batch, { boxSize, rings });
  normalizeRings(images, 0, disc(rings));
  const own = await engine.evaluate({ ...batch, targets: images }, request);
  for (let r = 1; r <= rings; r++) assert.ok(Math.abs(own.frc[r]! - 1) < 1e-6);
  assert.ok(largest(own.modelGradient!) < 1e-3);
  const shifts = batch.shifts.slice();
  shifts[0]! -= 0.004;
  const moved = await engine.evaluate({ ...batch, targets: images, shifts }, request);
  assert.ok(moved.score[0]! < own.score[0]!);
  assert.ok(moved.shiftGradient![0]! > 0);
});

test("a shared set of Gaussians gives the same result as a copy for each particle", async () => {
  const { batch, request } = exampleBatch({ count: 3, gaussians: 5, boxSize: 16, shared: true });
  const model = new Float32Array(3 * batch.model.length);
  for (let b = 0; b < 3; b++) model.set(batch.model, b * batch.model.length);
  const shared = await engine.evaluate(batch, request);
  const each = await engine.evaluate({ ...batch, model }, request);
  assert.deepEqual(shared, each);
});

test("rings beyond the request are not read", async () => {
  const { batch, request } = exampleBatch({ count: 1, gaussians: 5, boxSize: 24, rings: 5, targetRings: 9 });
  const before = await engine.evaluate(batch, request);
  const outer = disc(batch.targetRings);
  const targets = batch.targets.map((v, i) => (outer.ring[i >> 1]! > 5 ? Number.NaN : v));
  assert.deepEqual(await engine.evaluate({ ...batch, targets }, request), before);
});

test("a ring without signal has correlation and gradient 0 instead of NaN", async () => {
  const { batch, request } = exampleBatch({ count: 1, gaussians: 3, boxSize: 16 });
  const n = batch.gaussians;
  const model = batch.model.map((v, i) => (i >= 3 * n && i < 4 * n ? 0 : v));
  const { frc, modelGradient } = await engine.evaluate({ ...batch, model }, request);
  assert.ok(frc.every((v) => v === 0));
  assert.ok(modelGradient!.every((v) => v === 0));
});

test("arrays of inconsistent lengths are refused by name", async () => {
  const { batch, request } = exampleBatch({ count: 2, gaussians: 3, boxSize: 16 });
  await assert.rejects(
    engine.evaluate({ ...batch, shifts: new Float32Array(3) }, request),
    /shifts: expected 4/,
  );
  await assert.rejects(engine.evaluate(batch, { ...request, rings: 9 }), /rings: expected at most 7/);
  await assert.rejects(
    engine.evaluate(batch, { ...request, ringWeights: new Float32Array(3) }),
    /ringWeights: expected 8 or 16 numbers, found 3/,
  );
});

/** The density of a set of Gaussians on the grid of an MRC file, mode 2, written to `file`. */
function writeGaussianMap(file: string, batch: ProjectionBatch, boxSize: number, apix: number): void {
  const header = Buffer.alloc(1024);
  [boxSize, boxSize, boxSize, 2, 0, 0, 0, boxSize, boxSize, boxSize].forEach((v, i) => {
    header.writeInt32LE(v, 4 * i);
  });
  for (let i = 10; i < 13; i++) header.writeFloatLE(boxSize * apix, 4 * i);
  for (let i = 13; i < 16; i++) header.writeFloatLE(90, 4 * i);
  [1, 2, 3].forEach((v, i) => {
    header.writeInt32LE(v, 64 + 4 * i);
  });
  header.write("MAP DA\0\0", 208, "latin1");
  header.writeInt32LE(20140, 108);
  const data = new Float32Array(boxSize ** 3);
  const { model, gaussians: n } = batch;
  for (let i = 0; i < n; i++) {
    const profile = (row: number) =>
      Float64Array.from({ length: boxSize }, (_, v) => {
        const d = v - Math.floor(boxSize / 2) - boxSize * model[row * n + i]!;
        return Math.exp((-d * d) / (2 * model[4 * n + i]! ** 2));
      });
    const [x, y, z] = [profile(0), profile(1), profile(2)];
    for (let k = 0; k < boxSize; k++) {
      for (let j = 0; j < boxSize; j++) {
        for (let h = 0; h < boxSize; h++) {
          data[(k * boxSize + j) * boxSize + h]! += model[3 * n + i]! * x[h]! * y[j]! * z[k]!;
        }
      }
    }
  }
  writeFileSync(file, Buffer.concat([header, Buffer.from(data.buffer)]));
}

/** Correlation of a projection, on a disc, with a real-space image. */
function correlation(projection: Float32Array, image: Float32Array, boxSize: number, rings: number): number {
  const layout = disc(rings);
  const half = Math.floor(boxSize / 2);
  let both = 0;
  let first = 0;
  let second = 0;
  for (let kx = 0; kx <= rings; kx++) {
    // The transform along x once for each kx, then along y for each ky.
    const re = new Float64Array(boxSize);
    const im = new Float64Array(boxSize);
    for (let y = 0; y < boxSize; y++) {
      for (let x = 0; x < boxSize; x++) {
        const phase = (-2 * Math.PI * kx * (x - half)) / boxSize;
        re[y]! += image[y * boxSize + x]! * Math.cos(phase);
        im[y]! += image[y * boxSize + x]! * Math.sin(phase);
      }
    }
    for (let ky = -rings; ky <= rings; ky++) {
      const i = sampleIndex(rings, kx, ky);
      const m = layout.multiplicity[i]!;
      if (m === 0) continue;
      let fr = 0;
      let fi = 0;
      for (let y = 0; y < boxSize; y++) {
        const phase = (-2 * Math.PI * ky * (y - half)) / boxSize;
        fr += re[y]! * Math.cos(phase) - im[y]! * Math.sin(phase);
        fi += re[y]! * Math.sin(phase) + im[y]! * Math.cos(phase);
      }
      const [pr, pi] = [projection[2 * i]!, projection[2 * i + 1]!];
      both += m * (pr * fr + pi * fi);
      first += m * (pr * pr + pi * pi);
      second += m * (fr * fr + fi * fi);
    }
  }
  return both / Math.sqrt(first * second);
}

test("projections agree with relion_project, including poses and shifts (correlation at least 0.999)", async (t) => {
  if (!haveProgram("relion_project")) {
    t.skip("relion_project is not installed");
    return;
  }
  const folder = temporaryFolder(t);
  const random = new Random(11);
  const boxSize = 48;
  const apix = 2;
  const count = 8;
  const { batch } = exampleBatch({ count, gaussians: 40, boxSize, rings: 2, shared: true, seed: 5 });
  const n = batch.gaussians;
  for (let i = 0; i < n; i++) {
    // Wide enough to be sampled by the map's pixels without aliasing, and well inside the box.
    batch.model[4 * n + i] = 1.6 + random.uniform();
    for (let j = 0; j < 3; j++) batch.model[j * n + i]! *= 0.75;
  }
  const rows: string[] = [];
  for (let b = 0; b < count; b++) {
    const angles = [360 * random.uniform() - 180, 180 * random.uniform(), 360 * random.uniform() - 180];
    const origin = [6 * random.uniform() - 3, 6 * random.uniform() - 3];
    const [ca, sa, cb, sb, cg, sg] = angles.flatMap((d) => [
      Math.cos((d * Math.PI) / 180),
      Math.sin((d * Math.PI) / 180),
    ]) as [number, number, number, number, number, number];
    batch.rotations.set(
      [
        cg * cb * ca - sg * sa,
        cg * cb * sa + sg * ca,
        -cg * sb,
        -sg * cb * ca - cg * sa,
        -sg * cb * sa + cg * ca,
        sg * sb,
        sb * ca,
        sb * sa,
        cb,
      ],
      9 * b,
    );
    batch.shifts.set(
      origin.map((v) => -v / (boxSize * apix)),
      2 * b,
    );
    rows.push([...angles, ...origin, 1].join(" "));
  }
  writeGaussianMap(path.join(folder, "map.mrc"), batch, boxSize, apix);
  writeFileSync(
    path.join(folder, "poses.star"),
    `data_optics\n\nloop_\n_rlnOpticsGroup #1\n_rlnOpticsGroupName #2\n_rlnImagePixelSize #3\n_rlnImageSize #4
_rlnImageDimensionality #5\n_rlnVoltage #6\n_rlnSphericalAberration #7\n_rlnAmplitudeContrast #8
1 one ${apix} ${boxSize} 2 300 2.7 0.1\n\n\ndata_particles\n\nloop_\n_rlnAngleRot #1\n_rlnAngleTilt #2\n_rlnAnglePsi #3
_rlnOriginXAngst #4\n_rlnOriginYAngst #5\n_rlnOpticsGroup #6\n${rows.join("\n")}\n`,
  );
  runProgram(
    "relion_project",
    ["--i", "map.mrc", "--ang", "poses.star", "--o", "out", "--angpix", `${apix}`],
    folder,
  );
  const file = readFileSync(path.join(folder, "out.mrcs"));
  const pixels = new Float32Array(file.buffer.slice(file.byteOffset + 1024, file.byteOffset + file.length));
  assert.equal(pixels.length, count * boxSize ** 2);
  const rings = 22;
  const projection = await engine.project(batch, { boxSize, rings });
  for (let b = 0; b < count; b++) {
    const image = pixels.subarray(b * boxSize ** 2, (b + 1) * boxSize ** 2);
    const length = projection.length / count;
    const own = projection.subarray(b * length, (b + 1) * length);
    const value = correlation(own, image, boxSize, rings);
    assert.ok(value >= 0.999, `image ${b}: correlation ${value}`);
  }
});
