import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { GaussianModel, Vector3 } from "../../model/gaussianModel";
import { rigidMotion } from "../../model/rigidMotion";
import { rotationFromVector } from "../../optics/pose";
import { Random } from "../../random";
import { gaussians, type SyntheticOptions, syntheticRun } from "../evidence/syntheticRun.test.helper";
import { fixedModel, type PlaceDecoder, someAxes } from "../posterior/decoders";
import { PlaceLikelihood } from "../posterior/likelihood";
import { type BodyMotionRequest, bodyMotions } from "./bodyMotions";
import { MovedBodies } from "./movedBodies";
import { fittedCoefficients } from "./normalEquations";
import { transformed } from "./rigidTransform";

const motion = 0.04;
const domain = Int32Array.from({ length: Math.ceil(gaussians / 3) }, (_, i) => i);
const rest = Int32Array.from({ length: gaussians - domain.length }, (_, i) => domain.length + i);
const ends = [
  [-1, 0],
  [1, 0],
];

/** Moves the domain as the particles do, and its Gaussians by half as much against each other. */
function slipping(decoder: PlaceDecoder): PlaceDecoder {
  const random = new Random(5);
  const slips = Float64Array.from({ length: 3 * domain.length }, () => (motion / 2) * random.normal());
  return {
    latent: 2,
    decode: (z, count) => {
      const models = decoder.decode(z, count);
      for (let b = 0; b < count; b++) {
        for (const i of domain) {
          for (let axis = 0; axis < 3; axis++) {
            models[5 * gaussians * b + axis * gaussians + i]! += z[2 * b]! * slips[3 * i + axis]!;
          }
        }
      }
      return models;
    },
  };
}

/** Measures on synthetic particles with a decoder that slips. */
async function measured(options: SyntheticOptions, request: Partial<BodyMotionRequest> = {}) {
  const run = await syntheticRun({ count: 300, frc: 0.5, ...options });
  try {
    const { context, truth } = run;
    const decoder = slipping(context.decoder);
    const particles = Int32Array.from({ length: context.targets.count }, (_, i) => i);
    const { neutral, targets, engine, weights, population } = context;
    const found = await bodyMotions(
      { neutral, targets, engine, weights, population, decoder, particles, block: 1 },
      { points: ends, region: domain, reference: rest, ...request },
      {},
    );
    const length = neutral.boxSize * neutral.apix;
    return { found, length, slope: await placeOfTruth({ ...context, decoder }, truth) };
  } finally {
    await run.close();
  }
}

/** By how much the first coordinate of particles that are placed by their images changes with the true one. */
async function placeOfTruth(
  { decoder, ...context }: ConstructorParameters<typeof PlaceLikelihood>[0],
  truth: Float32Array,
): Promise<number> {
  const own = someAxes(decoder, [0], [0, 0]);
  const likelihood = new PlaceLikelihood({ ...context, decoder: own });
  const particles = Int32Array.from(truth.keys());
  const terms = { values: Float64Array.from(truth), count: 1 };
  let slope = 1;
  for (let i = 0; i < 5; i++) {
    const points = truth.map((t) => slope * t);
    const local = await likelihood.local(particles, points);
    slope = fittedCoefficients([[{ width: 1, points, ...local }, terms]])[0]!;
  }
  return slope;
}

describe("motion of a region by the images", () => {
  test("has its true size where Gaussians slip, with an error that covers it, on the axis that is told", async () => {
    const { found, length, slope } = await measured({ motion });
    assert.deepEqual(found.axes, [0]);
    const shift = found.motions[0]!.shift;
    const expected = (2 * motion * length) / slope;
    const blocks = found.jackknife.map(([one]) => one!.shift[0]!);
    const mean = blocks.reduce((a, b) => a + b) / blocks.length;
    const error = Math.sqrt(
      ((blocks.length - 1) / blocks.length) * blocks.reduce((sum, x) => sum + (x - mean) ** 2, 0),
    );
    assert.ok(error < 0.08 * expected, `error ${error} of ${expected} Å`);
    assert.ok(Math.abs(shift[0]! - expected) < 3 * error, `${shift[0]} ± ${error}, true ${expected} Å`);
    // What the decoder shows between these places is wrong by more.
    const decoded = 2 * motion * length;
    assert.ok(Math.abs(decoded - expected) > 6 * error, `decoded ${decoded}, true ${expected} Å`);
  });

  test("is refused where halves of images agree on no axis, and between points that differ on none of those", async () => {
    await assert.rejects(measured({}), /latent space: expected an axis on which places from two halves/);
    const points = [
      [0, -1],
      [0, 1],
    ];
    await assert.rejects(measured({ motion }, { points }), /points: expected points that differ on an axis/);
  });
});

test("moved bodies are where their transform takes them, and the numbers of a motion are those of its transform", () => {
  const random = new Random(3);
  const params = Float32Array.from({ length: 50 }, (_, k) => (k < 30 ? 0.1 * random.normal() : 1));
  const middle: GaussianModel = { count: 10, params, boxSize: 24, apix: 4 };
  const body = Int32Array.of(1, 3, 4, 8);
  const moved = new MovedBodies(fixedModel(params), middle, [Int32Array.of(0, 2), body]);
  const rotation = Float64Array.from(rotationFromVector([0.3, -0.2, 0.4]));
  const numbers = moved.numbersOf(1, { rotation, shift: [3, -2, 1] });
  const model = { ...middle, params: moved.decode(Float32Array.from([0, 0, 0, 0, 0, 0, ...numbers]), 1) };
  const motionOfBody = moved.transform(1, numbers);
  for (let i = 0; i < 10; i++) {
    const at = ({ params: p }: GaussianModel) => [0, 1, 2].map((axis) => 96 * p[axis * 10 + i]!) as Vector3;
    const expected = body.includes(i) ? transformed(motionOfBody, at(middle)) : at(middle);
    at(model).forEach((x, axis) => {
      assert.ok(Math.abs(x - expected[axis]!) < 1e-4, `Gaussian ${i}`);
    });
  }
  const { rotation: found, shift } = rigidMotion(middle, model, body);
  moved.numbersOf(1, { rotation: found, shift }).forEach((x, k) => {
    assert.ok(Math.abs(x - numbers[k]!) < 1e-4, `number ${k}`);
  });
});

test("coefficients solve the normal equations of parabolas", () => {
  const random = new Random(2);
  const [n, width, count] = [30, 2, 3];
  const truth = Float64Array.from({ length: width * count }, () => random.normal());
  const values = Float64Array.from({ length: n * count }, () => random.normal());
  const points = Float64Array.from({ length: n * width }, () => random.normal());
  const curvature = new Float64Array(n * width * width);
  const gradient = new Float64Array(n * width);
  for (let i = 0; i < n; i++) {
    const [a, b, c] = [1 + random.uniform(), 1 + random.uniform(), 0.5 * random.uniform()];
    curvature.set([a, c, c, b], 4 * i);
    const off = [0, 1].map((x) => {
      const top = [0, 1, 2].reduce((sum, p) => sum + values[i * count + p]! * truth[p * width + x]!, 0);
      return top - points[2 * i + x]!;
    });
    gradient.set([a * off[0]! + c * off[1]!, c * off[0]! + b * off[1]!], 2 * i);
  }
  const found = fittedCoefficients(
    [
      [
        { width, points, gradient, curvature },
        { values, count },
      ],
    ],
    (i) => i % 3 > 0,
  );
  truth.forEach((x, k) => {
    assert.ok(Math.abs(found[k]! - x) < 1e-6, `${found[k]} for ${x}`);
  });
});
