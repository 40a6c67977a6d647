import assert from "node:assert/strict";
import { afterAll, test } from "vitest";
import { product, transposed } from "../optics/symmetry";
import type { ParticleTargets } from "../particles/targets";
import { exampleBatch } from "../projection/examples";
import { WasmEngine } from "../projection/wasm";
import { Random } from "../random";
import { judgeAgreement } from "./agreement/agreement";
import { gatherRows } from "./batches";
import { withPoses } from "./evidence/sample";
import { splitHeldOut } from "./heldOut";
import { ImageGroups } from "./imageGroups";
import { fixedModel, type PlaceDecoder } from "./posterior/decoders";
import { PlaceLikelihood } from "./posterior/likelihood";
import { posteriorOfParticles } from "./posterior/particlePosterior";
import type { RingWeights } from "./weights";

const [count, boxSize, rings, gaussians] = [7, 16, 7, 20];
/** Three particles of two, one and four images. */
const particleOf = Int32Array.of(0, 0, 1, 2, 2, 2, 2);

const engine = new WasmEngine({ threads: 1 });
afterAll(() => engine.dispose());

function made(grouped: boolean) {
  const { batch } = exampleBatch({ count, gaussians, boxSize, rings, shared: true, seed: 4 });
  const random = new Random(3);
  const width = batch.targets.length / count;
  const targets = {
    ...{ count, boxSize, rings, apix: 1, rotations: batch.rotations, shifts: batch.shifts, inMemory: true },
    ...(grouped && { particleOf }),
    batch: async (indices: ArrayLike<number>) => gatherRows(batch.targets, width, indices),
  } as unknown as ParticleTargets;
  const ringWeights = Float32Array.from({ length: count * (rings + 1) }, () => 0.2 + random.uniform());
  const weights = {
    of: (particles: ArrayLike<number>) => gatherRows(ringWeights, rings + 1, particles),
    expectedFrc: () => 0.4,
  } as unknown as RingWeights;
  const neutral = { count: gaussians, params: batch.model, boxSize, apix: 1 };
  return { targets, weights, neutral, engine };
}

/** One axis that moves all Gaussians along x and y. */
function moving(params: Float32Array): PlaceDecoder {
  return {
    latent: 1,
    decode: (z, n) => {
      const out = new Float32Array(n * params.length);
      for (let i = 0; i < n; i++) {
        out.set(params, i * params.length);
        for (let g = 0; g < gaussians; g++) {
          out[i * params.length + g]! += 0.05 * z[i]! * (g % 3);
          out[i * params.length + gaussians + g]! += 0.03 * z[i]!;
        }
      }
      return out;
    },
  };
}

const close = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number, what: string) => {
  assert.equal(a.length, b.length, what);
  for (let i = 0; i < a.length; i++) {
    assert.ok(Math.abs(a[i]! - b[i]!) <= tolerance * (1 + Math.abs(b[i]!)), `${what} ${i}: ${a[i]}, ${b[i]}`);
  }
};

test("the log-likelihood of a particle, its slope and its information are sums over its images", async () => {
  const [whole, single] = [made(true), made(false)];
  const decoder = moving(whole.neutral.params);
  const [grouped, each] = [whole, single].map((of) => new PlaceLikelihood({ ...of, decoder }));
  const heads = Int32Array.of(3, 0, 2);
  const z = Float32Array.of(0.3, -0.4, 0.8);
  const members = [[3, 4, 5, 6], [0, 1], [2]];
  const { score, ofRing } = await grouped!.scores(heads, z);
  const local = await grouped!.local(heads, z);
  const shared = (await grouped!.shared(heads, Float32Array.of(0.3))).slice();
  for (const [row, images] of members.entries()) {
    const own = Int32Array.from(images);
    const at = new Float32Array(images.length).fill(z[row]!);
    const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
    const scores = await each!.scores(own, at);
    close([score[row]!], [sum(scores.score)], 1e-4, "score");
    close(
      [sum(ofRing.subarray(row * (rings + 1), (row + 1) * (rings + 1)))],
      [sum(scores.ofRing)],
      1e-4,
      "rings",
    );
    const one = await each!.local(own, at);
    close([local.value[row]!], [sum(one.value)], 1e-4, "value");
    close([local.gradient[row]!], [sum(one.gradient)], 1e-3, "gradient");
    close([local.curvature[row]!], [sum(one.curvature)], 1e-3, "curvature");
    const atOne = await each!.shared(own, Float32Array.of(0.3));
    close([shared[row]!], [sum(atOne)], 1e-4, "shared");
  }
});

test("a particle is turned and moved with all of its images, and the slope is that of finite differences", async () => {
  const { targets, ...context } = made(true);
  const pose = { rotation: true, shift: true };
  const likelihood = new PlaceLikelihood({
    ...context,
    targets,
    decoder: fixedModel(context.neutral.params),
    pose,
  });
  const particle = Int32Array.of(3);
  const point = Float32Array.of(0.02, -0.03, 0.05, 0.01, -0.02);
  const { rotations, shifts } = likelihood.posesOf(Int32Array.of(3, 5), Float32Array.of(...point, ...point));
  const of = (all: Float32Array, i: number) => all.subarray(9 * i, 9 * i + 9);
  // The rotation from one image to another stays, and the shifts are those of one displacement of the particle.
  const before = product(of(targets.rotations, 5), transposed(of(targets.rotations, 3)));
  close(product(of(rotations, 1), transposed(of(rotations, 0))), before, 1e-5, "rotation between images");
  const moved = [0, 3].map(
    (row) => targets.shifts[10 + row / 3]! + before[row]! * 0.01 + before[row + 1]! * -0.02,
  );
  close(shifts.subarray(2), moved, 1e-5, "shift");
  const { value, gradient, curvature } = await likelihood.local(particle, point);
  // Slopes are forward differences over a tenth of a pixel, corrected by the expected curvature.
  const { params } = context.neutral;
  const square = params.subarray(0, 3 * gaussians).reduce((sum, x) => sum + x ** 2 / gaussians, 0);
  for (let d = 0; d < 5; d++) {
    const step = d < 3 ? 0.1 / boxSize / Math.sqrt(square) : 0.1 / boxSize;
    const along = new Float64Array(5);
    along[d] = step;
    const { score } = await likelihood.scores(particle, likelihood.layout.move(point, along));
    const ahead = (score[0]! - value[0]!) / step;
    close([gradient[d]! - (step / 2) * curvature[6 * d]!], [ahead], 0.02, `slope ${d}`);
  }
  // Poses of a particle reach all of its images.
  const head = likelihood.posesOf(particle, point);
  const other = withPoses(targets, particle, head);
  close(of(other.rotations, 5), of(rotations, 1), 1e-5, "rotation");
  close(other.shifts.subarray(10, 12), shifts.subarray(2), 1e-5, "shift");
  close(of(other.rotations, 0), of(targets.rotations, 0), 0, "another particle");
});

test("particles are held out with all of their images, and as many as of single ones", () => {
  const of = Int32Array.from({ length: 600 }, (_, i) => Math.floor(i / 6));
  const all = Int32Array.from(of.keys());
  const { validationSet, trainingSet } = splitHeldOut(
    all,
    { count: 600, images: of, particleOf: of },
    { seed: 1, heldOut: 0.1 },
  );
  assert.equal(new Set(validationSet.map((i) => of[i]!)).size, 10);
  assert.equal(validationSet.length, 60);
  const held = new Set(validationSet.map((i) => of[i]!));
  assert.ok(trainingSet.every((i) => !held.has(of[i]!)));
});

test("a particle is judged by all of its images: an outlier is left out whole, a single bad image is not one", () => {
  const random = new Random(8);
  const [particles, tilts] = [60, 5];
  const of = Int32Array.from({ length: particles * tilts }, (_, i) => Math.floor(i / tilts));
  const signal = (i: number) => (of[i] === 7 ? -0.5 : i === 41 ? 0 : 0.5);
  const frc = Float32Array.from({ length: of.length * 9 }, (_, k) =>
    k % 9 === 0 ? 0 : signal(Math.floor(k / 9)) + 0.1 * random.normal(),
  );
  const ctfPower = new Float32Array(of.length * 9).fill(1);
  const { verdict, outliers, kept } = judgeAgreement({
    count: of.length,
    rings: 8,
    frc,
    ctfPower,
    particleOf: of,
  });
  assert.equal(verdict, "agrees");
  assert.deepEqual(
    outliers.map(({ index, reason }) => [of[index], reason]),
    [[7, "inverted contrast"]],
  );
  assert.equal(kept.length, of.length - tilts);
  assert.ok(kept.includes(41));
});

test("rows of particles become rows of images and back, and sums are of the images of each", () => {
  const groups = ImageGroups.of({ particleOf })!;
  assert.deepEqual([...groups.heads], [0, 2, 3]);
  assert.deepEqual([...groups.headsAmong(Int32Array.of(1, 2, 3, 5))], [2, 3]);
  const rows = groups.toImages(Float32Array.of(1, 2, 3, 4, 5, 6), 2);
  assert.deepEqual([...rows], [1, 2, 1, 2, 3, 4, 5, 6, 5, 6, 5, 6, 5, 6]);
  assert.deepEqual([...groups.toParticles(rows, 2)], [1, 2, 3, 4, 5, 6]);
  groups.sum(rows, 2);
  assert.deepEqual([...groups.toParticles(rows, 2)], [2, 4, 3, 4, 20, 24]);
  assert.equal(ImageGroups.of({}), undefined);
});

test("of tilt series it is said, too, how many particles were sampled and how many learned from these", async () => {
  const particles = 700;
  const of = Int32Array.from({ length: 2 * particles }, (_, image) => image >> 1);
  const likelihood = {
    shared: async (some: Int32Array) => new Float32Array(some.length),
    scores: async (some: Int32Array, z: Float32Array) => ({
      score: Float32Array.from(some, (_, i) => -10 * (z[2 * i]! ** 2 + z[2 * i + 1]! ** 2)),
    }),
    local: async (some: Int32Array, z: Float32Array) => ({
      value: Float32Array.from(some, (_, i) => -10 * (z[2 * i]! ** 2 + z[2 * i + 1]! ** 2)),
      gradient: z.map((x) => -20 * x),
      curvature: Float32Array.from({ length: 4 * some.length }, (_, i) => [20, 0, 0, 20][i % 4]!),
    }),
  };
  const start = new Float32Array(2 * of.length);
  const found = await posteriorOfParticles({ particleOf: of }, likelihood as never, start, 2);
  assert.equal(found.mean.length, 2 * of.length);
  assert.equal(found.sampled, 512);
});
