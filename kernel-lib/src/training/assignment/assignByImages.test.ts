import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { StoppedError } from "../../errors";
import { Random } from "../../random";
import type { LocalLikelihood } from "../posterior/posterior";
import { type AssignedParticles, assignByImages } from "./assignByImages";
import { evaluateMixture } from "./imageMixture";
import { emptyExpansions, type PlaceMixture } from "./placeMixture";

/** Measurements of one coordinate with errors that differ, as images tell it, and what a mixture of their places would say. */
interface Design {
  truth: Int32Array;
  measured: Float64Array;
  errors: Float64Array;
}

/** Particles of states at some places without spread, of which one image in two tells little. */
function measurements(places: readonly number[], fractions: readonly number[], count = 4000): Design {
  const random = new Random(5);
  const ends = fractions.map((_, s) => fractions.slice(0, s + 1).reduce((a, b) => a + b, 0));
  const truth = Int32Array.from({ length: count }, () => {
    const at = random.uniform();
    return ends.findIndex((end) => at < end);
  });
  const errors = Float64Array.from({ length: count }, (_, i) => (i % 2 ? 0.25 : 0.9));
  const measured = Float64Array.from(truth, (s, i) => places[s]! + errors[i]! * random.normal());
  return { truth, measured, errors };
}

/** Images whose log-likelihood is that of the measurements, beyond a constant of each. */
function images({ measured, errors }: Design): Pick<AssignedParticles, "likelihood"> {
  const local = async (particles: Int32Array, points: Float32Array): Promise<LocalLikelihood> => ({
    value: Float32Array.from(
      particles,
      (i, at) => 7 * (i % 3) - ((points[at]! - measured[i]!) / errors[i]!) ** 2 / 2,
    ),
    gradient: Float32Array.from(particles, (i, at) => (measured[i]! - points[at]!) / errors[i]! ** 2),
    curvature: Float32Array.from(particles, (i) => 1 / errors[i]! ** 2),
  });
  return { likelihood: { local } };
}

function particlesOf(design: Design): AssignedParticles {
  const { measured, errors } = design;
  return {
    ...images(design),
    latent: 1,
    particles: Int32Array.from(measured.keys()),
    means: Float32Array.from(measured),
    deviations: Float32Array.from(errors),
    batchSize: 128,
  };
}

/** A mixture of the places in which all have the same error, as a mixture of places sees them. */
function byPlaces({ measured }: Design, means: readonly number[], weights: readonly number[], spread = 0.35) {
  const responsibilities = new Float32Array(measured.length * means.length);
  measured.forEach((x, i) => {
    const densities = means.map(
      (m, c) => weights[c]! * Math.exp(-((x - m) ** 2) / (2 * (spread ** 2 + 0.4 ** 2))),
    );
    const sum = densities.reduce((a, b) => a + b, 0);
    responsibilities.set(
      densities.map((density) => density / sum),
      i * means.length,
    );
  });
  return {
    weights: Float64Array.from(weights),
    means: Float64Array.from(means),
    covariances: new Float64Array(means.length).fill(spread ** 2),
    responsibilities,
  };
}

const each = (groups: number) => Int32Array.from({ length: groups }, (_, g) => g);

describe("particles assigned to groups by their images", () => {
  const places = [-1, 0.6];
  const fractions = [0.8, 0.2];
  const design = measurements(places, fractions);
  // Weights and centres as a mixture of places finds them, a little off
  const mixture = byPlaces(design, [-0.9, 0.4], [0.65, 0.35]);
  const assigned = assignByImages(particlesOf(design), { mixture, groupOf: each(2), tied: true });

  test("probabilities are those of the true fractions and places, with each particle's own error", async () => {
    const { probabilities, weights, centres } = await assigned;
    assert.ok(Math.abs(weights[1]! - 0.2) < 0.02, `${weights}`);
    assert.ok(Math.abs(centres[0]! + 1) < 0.05 && Math.abs(centres[1]! - 0.6) < 0.05, `${centres}`);
    let mean = 0;
    design.measured.forEach((x, i) => {
      const [a, b] = places.map(
        (m, s) => fractions[s]! * Math.exp(-(((x - m) / design.errors[i]!) ** 2) / 2),
      ) as [number, number];
      mean += Math.abs(probabilities[2 * i + 1]! - b / (a + b)) / design.truth.length;
    });
    assert.ok(mean < 0.015, `${mean}`);
  });

  test("more are right than by their places, and as many as their mean probability says", async () => {
    const { labels, certainty } = await assigned;
    const right = (of: ArrayLike<number>) => design.truth.filter((s, i) => s === of[i]).length / of.length;
    const places = design.truth.map((_, i) => (mixture.responsibilities[2 * i + 1]! > 0.5 ? 1 : 0));
    assert.ok(right(labels) > right(places) + 0.01, `${right(labels)}, by places ${right(places)}`);
    const mean = certainty.reduce((sum, p) => sum + p / certainty.length, 0);
    assert.ok(Math.abs(mean - right(labels)) < 0.015, `${mean}, ${right(labels)} right`);
  });

  test("a group that only the errors of places make is joined to others, a rare one is kept", async () => {
    const three = measurements([-2, 0, 3], [0.55, 0.44, 0.01]);
    // Two of four components describe the narrow and the wide half of one state.
    const split = byPlaces(three, [-2, -0.4, 0.4, 3], [0.5, 0.24, 0.25, 0.01]);
    const particles = particlesOf(three);
    const found = await assignByImages(particles, { mixture: split, groupOf: each(4), tied: true });
    assert.deepEqual([found.sizes.length, found.joined], [3, 1], found.sentence);
    assert.match(found.sentence, /^Particles are assigned to the 3 groups by their images.* one was joined/);
    assert.ok(Math.abs(found.weights[2]! - 0.01) < 0.004, `${found.weights}`);
    const asked = await assignByImages(particles, {
      mixture: split,
      groupOf: each(4),
      tied: true,
      join: false,
    });
    assert.deepEqual([asked.sizes.length, asked.joined], [4, 0]);
  });

  test("a particle that is far from all others is no group, a state of ten is one", async () => {
    const design = measurements([-2, 2], [0.5, 0.5], 1200);
    const far = Float64Array.from(design.measured, (x, i) => (i === 7 ? 9 : i >= 100 && i < 110 ? 5.5 : x));
    const errors = design.errors.map((error, i) => (i === 7 || (i >= 100 && i < 110) ? 0.25 : error));
    const seen = { ...design, measured: far, errors };
    const mixture = byPlaces(seen, [-2, 2, 5.5, 9], [0.49, 0.49, 0.01, 0.001], 0.2);
    const found = await assignByImages(particlesOf(seen), { mixture, groupOf: each(4), tied: true });
    assert.deepEqual([found.sizes.length, found.joined], [3, 1], found.sentence);
    assert.ok(found.sizes[2]! >= 11 && found.sizes[2]! < 15, `${found.sizes}`);
    assert.equal(found.labels[7], 2, "it belongs to the nearest");
  });

  test("particles beyond those that the mixture is fitted to are assigned alike", async () => {
    const many = measurements(places, fractions, 12_000);
    const start = byPlaces(many, [-0.9, 0.4], [0.65, 0.35]);
    const { probabilities, labels } = await assignByImages(particlesOf(many), {
      mixture: start,
      groupOf: each(2),
      tied: true,
    });
    labels.forEach((label, i) => {
      const sum = probabilities[2 * i]! + probabilities[2 * i + 1]!;
      assert.ok(Math.abs(sum - 1) < 1e-4, `particle ${i}: ${sum}`);
      assert.ok(probabilities[2 * i + label]! >= 0.5);
    });
    const right = many.truth.filter((s, i) => s === labels[i]).length / labels.length;
    assert.ok(right > 0.9, `${right}`);
  });

  test("an image without a finite likelihood has the fractions of the groups, and spoils no other", async () => {
    const particles = particlesOf(design);
    const { local } = particles.likelihood;
    const spoiled = {
      local: async (rows: Int32Array, points: Float32Array) => {
        const result = await local(rows, points);
        rows.forEach((row, i) => {
          if (row === 17) result.value[i] = Number.NaN;
        });
        return result;
      },
    };
    const groups = { mixture, groupOf: each(2), tied: true };
    const { probabilities, weights } = await assignByImages({ ...particles, likelihood: spoiled }, groups);
    assert.ok(Math.abs(probabilities[2 * 17]! - weights[0]!) < 1e-4);
    assert.ok(probabilities.every(Number.isFinite));
  });

  test("it stops where it is told to", async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const work = assignByImages(
      particlesOf(design),
      { mixture, groupOf: each(2), tied: true },
      { signal: controller.signal, onProgress },
    );
    await assert.rejects(work, StoppedError);
  });
});

test("the likelihood of an image in a component is the integral over its places", () => {
  // Two axes, a correlated spread and a correlated curvature, expanded away from the mean
  const mixture: PlaceMixture = {
    weights: Float64Array.of(1),
    means: Float64Array.of(0.3, -0.2),
    covariances: Float64Array.of(0.5, 0.2, 0.2, 0.3),
  };
  const expansions = emptyExpansions(2, [[0]]);
  expansions.at.set([0.8, 0.1]);
  expansions.value[0] = -3;
  expansions.gradient.set([0.7, -1.1]);
  expansions.curvature.set([3, 0.5, 0.5, 1.5]);
  const [step, half] = [0.02, 300];
  const determinant = 0.5 * 0.3 - 0.2 ** 2;
  let sum = 0;
  const first = [0, 0];
  for (let a = -half; a <= half; a++) {
    for (let b = -half; b <= half; b++) {
      const [x, y] = [a * step, b * step];
      const [u, v] = [x + 0.3 - 0.8, y - 0.2 - 0.1];
      const likelihood = -3 + 0.7 * u - 1.1 * v - (3 * u * u + 2 * 0.5 * u * v + 1.5 * v * v) / 2;
      const prior = -(0.3 * x * x - 2 * 0.2 * x * y + 0.5 * y * y) / (2 * determinant);
      const density = (Math.exp(likelihood + prior) * step * step) / (2 * Math.PI * Math.sqrt(determinant));
      sum += density;
      first[0]! += density * (x + 0.3);
      first[1]! += density * (y - 0.2);
    }
  }
  const places: number[] = [];
  const { logLikelihood } = evaluateMixture(expansions, mixture, ({ mean }) => places.push(...mean));
  assert.ok(Math.abs(logLikelihood - Math.log(sum)) < 1e-6, `${logLikelihood}, ${Math.log(sum)}`);
  places.forEach((place, d) => {
    assert.ok(Math.abs(place - first[d]! / sum) < 1e-6, `${place}, ${first[d]! / sum}`);
  });
});
