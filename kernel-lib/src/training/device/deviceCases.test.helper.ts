import assert from "node:assert/strict";
import { test } from "vitest";
import type { GaussianModel } from "../../model/gaussianModel";
import { Adam } from "../../network/adam";
import { GaussianHead, type Varied } from "../../network/head";
import { LatentModel, type LatentModelSpec } from "../../network/latentModel";
import { pointGroup } from "../../optics/symmetry";
import type { ParticleTargets } from "../../particles/targets";
import type { ProjectionEngine } from "../../projection/engine";
import { exampleBatch } from "../../projection/examples";
import { ReferenceEngine } from "../../projection/reference";
import { Random } from "../../random";
import { gatherRows, ParticleBatches } from "../batches";
import { BatchCache } from "../posterior/batchCache";
import { decoderOf, fixedModel, someAxes } from "../posterior/decoders";
import { HalfSamples } from "../posterior/halfSamples";
import { PlaceLikelihood } from "../posterior/likelihood";
import { BaseModels } from "../secondRound/baseModels";
import type { EpochParts } from "../stepParts";
import { StrainPenalty } from "../strain/strainPenalty";
import { UnitAssembly } from "../units/unitAssembly";
import type { RingWeights } from "../weights";
import type { TrainingDevice } from "./device";
import { deviceOf } from "./deviceOf";

const [count, boxSize, rings, gaussians, featureSize] = [7, 16, 7, 20, 6];
/** Particles of the cases, not in their order. */
const chosen = Int32Array.of(5, 0, 3, 6, 2);

interface Design extends Pick<LatentModelSpec, "latent" | "form" | "roles"> {
  /** Default: everything. */
  vary?: Varied[];
  symmetry?: string;
  /** Whether most Gaussians are members of two rigid bodies. */
  bodies?: boolean;
}

/** Noise as particles, random Gaussians as the neutral model of a unit, and random networks. */
function made({ vary = ["position", "amplitude", "width"], symmetry, bodies = false, ...axes }: Design) {
  const units = new UnitAssembly(symmetry === undefined ? undefined : pointGroup(symmetry));
  const { batch } = exampleBatch({ count, gaussians, boxSize, rings, shared: true, seed: 4 });
  const random = new Random(9);
  for (let i = 4 * gaussians; i < 5 * gaussians; i++) batch.model[i] = 1.1 + 0.3 * random.uniform();
  const unit: GaussianModel = { count: gaussians, params: batch.model, boxSize, apix: 1 };
  const neutral = units.symmetric(unit);
  const width = batch.targets.length / count;
  const targets = {
    ...{ count, boxSize, rings, apix: 1, rotations: batch.rotations, shifts: batch.shifts, inMemory: true },
    batch: async (indices: ArrayLike<number>) => gatherRows(batch.targets, width, indices),
  } as unknown as ParticleTargets;
  const ringWeights = Float32Array.from({ length: count * (rings + 1) }, () => 0.2 + random.uniform());
  const weights = {
    of: (particles: ArrayLike<number>, last = rings) =>
      Float32Array.from({ length: particles.length * (last + 1) }, (_, i) => {
        const at = particles[Math.floor(i / (last + 1))]!;
        return ringWeights[at * (rings + 1) + (i % (last + 1))]!;
      }),
    expectedFrc: () => 0.4,
  } as unknown as RingWeights;
  const own = Uint8Array.from({ length: gaussians }, (_, i) => (i < 8 ? 1 : i < 14 ? 2 : 0));
  const head = new GaussianHead(unit, vary, { gain: 3, ...(bodies && { bodies: own }) });
  const spec = { ...axes, featureSize, hidden: [16, 12], dropout: 0 };
  const model = new LatentModel(spec, head, new Random(2), 1);
  const features = Float32Array.from({ length: units.count * count * featureSize }, () => random.normal());
  model.calibrate(features, units.count * count);
  const decoder = units.decoder(decoderOf(model), gaussians);
  const places = Float32Array.from({ length: chosen.length * decoder.latent }, () => random.normal());
  return { units, neutral, targets, weights, head, model, features, decoder, places };
}

type Case = (engine: ProjectionEngine, device: TrainingDevice) => Promise<Record<string, Float32Array>>;

/** Particles of a case, some rows of a batch. */
async function rowsOf(targets: ParticleTargets, whole: GaussianModel) {
  const cache = new BatchCache(new ParticleBatches(targets), whole.count);
  await cache.load(Int32Array.from({ length: count }, (_, i) => i));
  return cache.load(chosen);
}

/** Scores at places, FRC, and the gradients in the models. */
function scores(
  design: Design,
  change: (of: ReturnType<typeof made>) => Partial<ReturnType<typeof made>> = () => ({}),
): Case {
  return async (_, device) => {
    const whole = made(design);
    const { neutral, targets, weights, decoder, places } = { ...whole, ...change(whole) };
    const particles = await rowsOf(targets, neutral);
    const request = { boxSize, rings: 6, ringWeights: weights.of(chosen, 6), gradient: { model: true } };
    const found = await device.evaluate({ context: { neutral }, decoder, particles, places }, request);
    const { frc, score, modelGradient } = found;
    whole.model.dispose();
    return { frc: frc.slice(), score: score.slice(), gradient: modelGradient!.slice() };
  };
}

/** The models that a decoder gives all particles at random places. */
function basesOf({ decoder, neutral, units }: ReturnType<typeof made>): BaseModels {
  const random = new Random(5);
  const all = Float32Array.from({ length: count * decoder.latent }, () => 0.3 * random.normal());
  const axes = { latent: decoder.latent / units.count, encoder: all, refined: all, standardDeviation: all };
  const decodeMany = (z: Float32Array) => decoder.decode(z, z.length / decoder.latent);
  return new BaseModels({ neutral, decodeMany, trained: decoder.trained }, axes, units.count);
}

/** Value, gradient and curvature of the log-likelihood. */
function likelihood(
  design: Design,
  { pose = false, half = false, held = false, fixed = false, base = false } = {},
): Case {
  return async (engine) => {
    const whole = made(design);
    const { neutral, targets, weights, decoder, places, model, units } = whole;
    const random = new Random(5);
    const own = fixed
      ? fixedModel(neutral.params)
      : held
        ? someAxes(decoder, [1], new Float32Array(decoder.latent).fill(0.2))
        : decoder;
    const place = new PlaceLikelihood({
      ...{ targets, neutral, engine, units, weights, decoder: own },
      ...(pose && { pose: { rotation: true, shift: true } }),
      ...(half && { half: new HalfSamples(rings, "odd") }),
      ...(base && { base: basesOf(whole) }),
    });
    const { width } = place.layout;
    const points = Float32Array.from({ length: chosen.length * width }, (_, i) =>
      i % width < own.latent ? places[i % places.length]! : 0.02 * random.normal(),
    );
    const { value, gradient, curvature } = await place.local(chosen, points);
    const { score, ofRing } = await place.scores(chosen, points);
    const shared = own.latent > 0 ? (await place.shared(chosen, points.slice(0, own.latent))).slice() : value;
    model.dispose();
    return { value, gradient, curvature, score, ofRing, shared };
  };
}

/** Encoder input. */
function components(design: Design): Case {
  return async (_, device) => {
    const { neutral, targets, weights, units, model } = made(design);
    const random = new Random(8);
    const inputs = 2 * 5 * gaussians;
    const of = {
      ...{ rings: [3, rings], size: 6 },
      scale: Float32Array.from({ length: inputs }, () => 0.5 + random.uniform()),
      basis: Float32Array.from({ length: 6 * inputs }, () => random.normal()),
    };
    const projector = device.components(of);
    const batch = {
      ...{ context: { neutral, units }, particles: await rowsOf(targets, neutral) },
      weights: (last: number) => weights.of(chosen, last),
    };
    const first = await projector.project(batch);
    const again = await projector.project({ ...batch, particles: await rowsOf(targets, neutral) });
    projector.dispose();
    model.dispose();
    return { first, again };
  };
}

/** Weights and moments after an epoch of two steps. */
function steps(design: Design, { base = false } = {}): Case {
  return async (engine, device) => {
    const { neutral, targets, weights, units, model, features } = made(design);
    const earlier = made({ ...design, latent: 3, form: "quadratic", roles: undefined, bodies: false });
    const strain = new StrainPenalty(model.head, 5, units.count * count);
    const adam = new Adam(model.networks, { learningRate: 1e-3, weightDecay: 0.01 });
    const parts: EpochParts = {
      ...{ model, adam, units, strain, dropout: undefined },
      prepared: { weights, basis: { size: featureSize }, features },
      ...{ batches: new ParticleBatches(targets) },
      context: { targets, neutral, engine, units, ...(base && { base: basesOf(earlier) }) },
      ...{ order: Int32Array.from([3, 1, 0, 5, 2, 4, 6]), batchSize: 4 },
    };
    const step = { rings: 6, random: new Random(1), scale: 0.3, rate: 1e-4 };
    await device.takeSteps(parts, step, { epoch: 1, latentNoise: 0, spreadPenalty: 0.05 });
    const arrays = adam.save();
    model.dispose();
    earlier.model.dispose();
    return Object.fromEntries(arrays.map(({ name, data }) => [name, data.slice()]));
  };
}

/** Weights and moments of an encoder that was taught places, in a space of one axis with an arc length, or of more. */
function teaching(design: Design): Case {
  return async (_, device) => {
    const { units, model, features } = made(design);
    const rows = units.count * count;
    model.orderAxes(features, rows);
    const random = new Random(6);
    const { latent } = design;
    const posterior = {
      mean: Float32Array.from({ length: rows * latent }, () => random.normal()),
      standardDeviation: Float32Array.from({ length: rows * latent }, () => 0.2 + random.uniform()),
    };
    await device.teach(model, {
      ...{ particles: Int32Array.of(1, 4, 5, 0, 3), features, posterior, random },
    });
    const taught = model.encode(features, rows);
    model.dispose();
    return { taught };
  };
}

/** Latents of more rows than a device encodes at once. */
function encoding(design: Design, rows: number): Case {
  return async (_, device) => {
    const { model, features, units } = made(design);
    const random = new Random(7);
    // Running statistics of the normalization, as after a training.
    model.load(
      model.save().map((array) => ({
        ...array,
        data: /^encoder\.running/.test(array.name)
          ? array.data.map((value) => value + 0.5 + random.uniform())
          : array.data,
      })),
    );
    model.orderAxes(features, units.count * count);
    const input = Float32Array.from({ length: rows * featureSize }, () => random.normal());
    const latents = await device.encode(model, input);
    model.dispose();
    return { latents };
  };
}

const curved: Design = { latent: 2, form: "network", roles: { position: [0], density: [1] } };
const rigid: Design = { latent: 2, form: "network", bodies: true };
const straight: Design = { latent: 2, form: "quadratic" };
const units: Design = { latent: 1, form: "quadratic", symmetry: "C2" };

/** What every device has to compute as the float64 reference does. */
const cases: Record<string, Case> = {
  "scores and gradients at places, separate networks": scores(curved),
  "scores and gradients at places, units of a symmetric molecule": scores(units),
  "scores and gradients of one place for all": scores(straight, ({ places }) => ({
    places: places.slice(0, 2),
  })),
  "scores and gradients of a single model": scores(straight, ({ neutral }) => ({
    ...{ decoder: fixedModel(neutral.params), places: new Float32Array(0) },
  })),
  "likelihood of places": likelihood(curved),
  "likelihood of places and poses": likelihood(straight, { pose: true }),
  "likelihood of places of units": likelihood(units),
  "likelihood of places and poses from half of the samples": likelihood(straight, { pose: true, half: true }),
  "likelihood of some axes": likelihood(straight, { held: true }),
  "likelihood of poses of a single model": likelihood(straight, { fixed: true, pose: true }),
  "likelihood of changes of other models": likelihood(straight, { base: true }),
  "encoder input": components(curved),
  "encoder input of units of a symmetric molecule": components(units),
  "gradients of two steps": steps(curved),
  "scores and gradients with rigid bodies": scores(rigid),
  "gradients of two steps with rigid bodies": steps(rigid),
  "gradients of two steps with rigid bodies in units of an earlier run": steps(
    { ...units, bodies: true },
    { base: true },
  ),
  "gradients of two steps that change models of an earlier run": steps(curved, { base: true }),
  "gradients of two steps that change units of an earlier run": steps(units, { base: true }),
  "latents of many particles": encoding(straight, 5000),
  "latents in one axis with an arc length": encoding({ latent: 1, form: "network" }, 9),
  "an encoder that is taught places in one axis": teaching({ latent: 1, form: "network" }),
  "an encoder that is taught places in two axes": teaching(straight),
};

/** Differences of this part of an array's length are rounding, that of sums of finite differences included. */
const tolerance = 1e-2;

const expected = new Map<Case, ReturnType<Case>>();

/**
 * Tests that a device computes what the float64 reference does.
 * @param engine called in each test
 */
export function testDevice(engine: () => ProjectionEngine, name: string): void {
  const reference = new ReferenceEngine();
  for (const [title, each] of Object.entries(cases)) {
    test(`${name}: ${title}`, async () => {
      const own = engine();
      const right = expected.get(each) ?? each(reference, deviceOf(reference));
      // Awaited below, after the device's own failure if there is one.
      right.catch(() => undefined);
      expected.set(each, right);
      const found = await each(own, deviceOf(own));
      for (const [what, numbers] of Object.entries(await right)) {
        const difference = Math.hypot(...numbers.map((value, i) => value - found[what]![i]!));
        const size = Math.hypot(...numbers);
        assert.equal(found[what]!.length, numbers.length, what);
        assert.ok(size > 0 || difference === 0, `${what}: zeros`);
        assert.ok(difference <= tolerance * size, `${what}: differs by ${difference} of ${size}`);
      }
    });
  }
}
