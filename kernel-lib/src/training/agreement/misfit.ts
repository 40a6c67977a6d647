import { throwIfStopped } from "../../errors";
import { disc, sampleIndex } from "../../fourier/disc";
import type { GaussianModel } from "../../model/gaussianModel";
import type { TaskOptions } from "../../progress";
import type { ProjectionBatch } from "../../projection/engine";
import { gatherRows, ParticleBatches } from "../batches";
import { evenly } from "../evidence/sample";
import { particlesPerPass } from "../memory";
import type { ProjectionContext } from "../projectionContext";
import { onBase } from "../secondRound/baseModels";
import type { RingWeights } from "../weights";
import {
  bestScores,
  type CrossSpectra,
  ownShifts,
  type Pair,
  peakInPlane,
  peakInSpace,
  type Triple,
} from "./crossCorrelation";
import { type FittedFactor, fitDefocus, type ImageCtf } from "./defocusFit";
import { bestScale, scaledModel } from "./modelScale";
import { meanAndError } from "./moments";

/**
 * Whether particles and neutral model would fit better if the model were moved or scaled, if the images were shifted, or
 * if they had each other's poses: typical mistakes in files and conversions, which training would take for motion.
 * Measured on a sample of the particles by the log-likelihood of `weights.ts`, Σ w·FRC, in nats.
 */
export interface Misfit {
  /** Particles of the sample. */
  sample: number;
  /**
   * Gain of the particles' own rotations over those of other particles, each image at its best shift, and the gain expected
   * for correct rotations from the difference of the projections. Undefined if the rotations hardly differ.
   */
  ownPose: (Gain & { expected: number }) | undefined;
  /** The best offset of the model in Å, and its gain. */
  offset: Gain & { by: [number, number, number] };
  /** The best common shift of all images in Å, and its gain. */
  shift: Gain & { by: [number, number] };
  /**
   * Individual shifts of the images: their gain, and their root mean square in Å. A shift is estimated from one half of
   * the Fourier samples and scored on the other, so that the gain is negative if there is none.
   */
  ownShift: Gain & { by: number };
  /** The best factor on the size of the model, from 0.98 to 1.02; undefined if none is best. */
  scale: FittedFactor | undefined;
  /** The best factor on the defocus of all particles; undefined without CTFs, or with too few particles. */
  defocus: FittedFactor | undefined;
}

/** A gain in log-likelihood. */
export interface Gain {
  /** Mean over the sample, nats per particle. */
  gain: number;
  standardError: number;
}

/** Options of {@link measureMisfit}. */
export interface MisfitOptions extends TaskOptions {
  weights: RingWeights;
  /** Particles to take the sample from, ascending. */
  particles: Int32Array;
  /** CTF of a particle. Default: none have one. */
  ctf?: (particle: number) => ImageCtf | undefined;
}

/** Most particles of the sample, and of that for the defocus, which needs one projection of each only. */
const sampleSize = 512;
const defocusSampleSize = 2048;
/** Most particles over whose views the power of the model is averaged. */
const powerSampleSize = 128;
/** Outermost ring of the cross-correlations: offsets are found at low resolution, and then scored on all rings. */
const offsetRings = 12;
/** Rotations that differ by less than this many degrees count as the same. */
const samePose = 20;

/** Measures the misfit on at most 512 of the particles. */
export async function measureMisfit(context: ProjectionContext, options: MisfitOptions): Promise<Misfit> {
  const { neutral } = context;
  const { weights, particles } = options;
  const sample = evenly(particles, sampleSize);
  const boxLength = neutral.boxSize * neutral.apix;
  const trial = new Trial(context, sample, options);
  const rings = Math.min(offsetRings, weights.lastRing);
  const before = await trial.scores(neutral);
  const gainBy = async (model: GaussianModel, shift: Pair = [0, 0]) =>
    gainOf((await trial.scores(model, shift)).map((value, i) => value - before[i]!));
  const inÅ = <T extends number[]>(place: T) => place.map((x) => x * boxLength) as T;

  const spectra = await trial.crossSpectra(neutral, rings);
  const first = peakInSpace(spectra, trial.rotations);
  // Refined once: the farther off a model is, the less accurate is the offset from its cross-correlation.
  const rest = peakInSpace(await trial.crossSpectra(moved(neutral, first), rings), trial.rotations);
  const offset = first.map((x, axis) => x + rest[axis]!) as Triple;
  const shift = peakInPlane(spectra);
  const own = ownShifts(spectra);
  return {
    sample: sample.length,
    // An image of a tilt series has a small part of the exposure: the best of all shifts is chance in either pose.
    ownPose: context.targets.particleOf ? undefined : await trial.ownPoseGain(spectra),
    offset: { ...(await gainBy(moved(neutral, offset))), by: inÅ(offset) },
    shift: { ...(await gainBy(neutral, shift)), by: inÅ(shift) },
    ownShift: { ...gainOf(own.gain), by: own.rms * boxLength },
    scale: await bestScale((factor) => trial.scores(scaledModel(neutral, factor))),
    defocus: await bestDefocus(context, options),
  };
}

/** The best factor on the defocus of all particles. */
async function bestDefocus(
  context: ProjectionContext,
  options: MisfitOptions,
): Promise<FittedFactor | undefined> {
  const { weights, ctf } = options;
  const particles = evenly(options.particles, defocusSampleSize);
  const ctfs = Array.from(particles, (i) => ctf?.(i)).filter((one) => one !== undefined);
  if (ctfs.length < particles.length) return undefined;
  const frc = await new Trial(context, particles, options).frc();
  const modelPower = await new Trial(context, evenly(particles, powerSampleSize), options).modelPower();
  const { boxSize, apix } = context.neutral;
  return fitDefocus({ particles, frc, ctfs, weights, modelPower, boxLength: boxSize * apix });
}

/** A model whose centres are moved, in box units. */
function moved(model: GaussianModel, by: Readonly<Triple>): GaussianModel {
  const params = model.params.slice();
  for (let axis = 0; axis < 3; axis++) {
    for (let i = 0; i < model.count; i++) params[axis * model.count + i]! += by[axis]!;
  }
  return { ...model, params };
}

/** Scores models and shifts on a sample of the particles. */
class Trial {
  readonly rotations: Float32Array;
  private readonly batches: ParticleBatches;

  constructor(
    private readonly context: ProjectionContext,
    private readonly sample: Int32Array,
    private readonly options: MisfitOptions,
  ) {
    this.batches = new ParticleBatches(context.targets);
    this.rotations = gatherRows(context.targets.rotations, 9, sample);
  }

  private *parts(): Generator<{ from: number; part: Int32Array }> {
    const step = particlesPerPass(this.context.neutral.count);
    for (let from = 0; from < this.sample.length; from += step) {
      throwIfStopped(this.options.signal);
      yield { from, part: this.sample.subarray(from, from + step) };
    }
  }

  private load(part: Int32Array, { count, params }: GaussianModel): Promise<ProjectionBatch> {
    return this.batches.load(part, count, onBase(this.context, part, params));
  }

  /** Log-likelihood of each particle with this model, all shifts changed by `shift` in box units. */
  async scores(model: GaussianModel, shift: Pair = [0, 0]): Promise<Float64Array> {
    const { targets, engine } = this.context;
    const [boxSize, rings] = [model.boxSize, targets.rings];
    const out = new Float64Array(this.sample.length);
    for (const { from, part } of this.parts()) {
      const batch = await this.load(part, model);
      const shifts = batch.shifts.map((value, i) => value + shift[i % 2]!);
      const ringWeights = this.options.weights.of(part);
      const { score } = await engine.evaluate({ ...batch, shifts }, { boxSize, rings, ringWeights });
      out.set(score, from);
    }
    return out;
  }

  /** FRC of each particle with the neutral model in each ring, [particles · (rings + 1)]. */
  async frc(): Promise<Float32Array> {
    const { targets, engine, neutral } = this.context;
    const width = targets.rings + 1;
    const out = new Float32Array(this.sample.length * width);
    const ringWeights = new Float32Array(width).fill(1 / targets.rings);
    for (const { from, part } of this.parts()) {
      const batch = await this.load(part, neutral);
      const { frc } = await engine.evaluate(batch, {
        ...{ boxSize: neutral.boxSize, rings: targets.rings, ringWeights },
      });
      out.set(frc, from * width);
    }
    return out;
  }

  /** Power of the neutral model's projections per sample of each ring, [rings + 1], in any unit. */
  async modelPower(): Promise<Float64Array> {
    const { targets, engine, neutral } = this.context;
    const { rings } = targets;
    const { samples, ring, multiplicity, samplesInRing } = disc(rings);
    const power = new Float64Array(rings + 1);
    for (const { part } of this.parts()) {
      const batch = await this.load(part, neutral);
      const projected = await engine.project(batch, { boxSize: neutral.boxSize, rings });
      for (let i = 0; i < part.length * samples; i++) {
        const k = i % samples;
        power[ring[k]!]! += multiplicity[k]! * (projected[2 * i]! ** 2 + projected[2 * i + 1]! ** 2);
      }
    }
    return power.map((sum, r) => (r === 0 ? 0 : sum / samplesInRing[r]!));
  }

  /** Rotations of other particles, half the sample away. */
  private swappedRotations(): Float32Array {
    const { rotations, sample } = this;
    const half = 9 * (sample.length >> 1);
    return Float32Array.from(rotations, (_, i) => rotations[(i + half) % rotations.length]!);
  }

  /** @param own cross spectra of the particles in their own poses */
  async ownPoseGain(own: CrossSpectra): Promise<Misfit["ownPose"]> {
    const { neutral, engine } = this.context;
    const { weights } = this.options;
    const { rings } = own;
    const swapped = this.swappedRotations();
    const other = bestScores(await this.crossSpectra(neutral, rings, swapped));
    const gains = bestScores(own).map((value, i) => value - other[i]!);
    const request = { boxSize: neutral.boxSize, rings };
    let expected = 0;
    const differing: number[] = [];
    for (const { from, part } of this.parts()) {
      const batch = await this.load(part, neutral);
      const projected = (await engine.project(batch, request)).slice();
      const rotations = swapped.subarray(9 * from, 9 * (from + part.length));
      const elsewhere = await engine.project({ ...batch, rotations }, request);
      const ringWeights = weights.of(part, rings);
      for (let b = 0; b < part.length; b++) {
        if (angleBetween(this.rotations, swapped, 9 * (from + b)) < samePose) continue;
        differing.push(gains[from + b]!);
        const correlations = ringCorrelations(projected, elsewhere, b, rings);
        for (let r = 1; r <= rings; r++) {
          const information = ringWeights[b * (rings + 1) + r]! * weights.expectedFrc(part[b]!, r);
          expected += information * (1 - correlations[r]!);
        }
      }
    }
    if (2 * differing.length < this.sample.length) return undefined;
    return { ...gainOf(Float64Array.from(differing)), expected: expected / differing.length };
  }

  /** Cross spectra of the particles with a model, in the given rotations. */
  async crossSpectra(
    model: GaussianModel,
    rings: number,
    rotations: Float32Array = this.rotations,
  ): Promise<CrossSpectra> {
    const { sample } = this;
    const width = 2 * disc(rings).samples;
    const values = new Float32Array(sample.length * width);
    for (const { from, part } of this.parts()) {
      const batch = await this.load(part, model);
      const views = { ...batch, rotations: rotations.subarray(9 * from, 9 * (from + part.length)) };
      const projected = await this.context.engine.project(views, { boxSize: model.boxSize, rings });
      const ringWeights = this.options.weights.of(part, rings);
      for (let b = 0; b < part.length; b++) {
        writeCrossSpectrum(
          projected.subarray(b * width, (b + 1) * width),
          imageOf(batch, b),
          ringWeights.subarray(b * (rings + 1), (b + 1) * (rings + 1)),
          values.subarray((from + b) * width, (from + b + 1) * width),
        );
      }
    }
    return { rings, count: sample.length, values };
  }
}

/** A transform in the layout of `Disc`. */
interface Transform {
  rings: number;
  /** [samples · 2] */
  values: Float32Array;
}

/** The transform of image number b of a batch. */
function imageOf({ targets, targetRings }: ProjectionBatch, b: number): Transform {
  const width = 2 * disc(targetRings).samples;
  return { rings: targetRings, values: targets.subarray(b * width, (b + 1) * width) };
}

/** Writes w · P · I* / |P| of every sample, times its multiplicity. `ringWeights` is [rings + 1]. */
function writeCrossSpectrum(
  projected: Float32Array,
  image: Transform,
  ringWeights: Float32Array,
  out: Float32Array,
): void {
  const rings = ringWeights.length - 1;
  const { samples, ring: ringOf, multiplicity } = disc(rings);
  const norms = new Float64Array(rings + 1);
  for (let k = 0; k < samples; k++) {
    norms[ringOf[k]!]! += multiplicity[k]! * (projected[2 * k]! ** 2 + projected[2 * k + 1]! ** 2);
  }
  for (let kx = 0; kx <= rings; kx++) {
    for (let ky = -rings; ky <= rings; ky++) {
      const k = sampleIndex(rings, kx, ky);
      const ring = ringOf[k]!;
      if (multiplicity[k] === 0 || norms[ring] === 0) continue;
      const t = 2 * sampleIndex(image.rings, kx, ky);
      const factor = (multiplicity[k]! * ringWeights[ring]!) / Math.sqrt(norms[ring]!);
      const [pr, pi] = [projected[2 * k]!, projected[2 * k + 1]!];
      const [ir, ii] = [image.values[t]!, image.values[t + 1]!];
      out[2 * k] = factor * (pr * ir + pi * ii);
      out[2 * k + 1] = factor * (pi * ir - pr * ii);
    }
  }
}

/** FRC of transforms number b of two arrays in rings 0 … `rings`. */
function ringCorrelations(one: Float32Array, two: Float32Array, b: number, rings: number): Float64Array {
  const { samples, ring, multiplicity } = disc(rings);
  const [cross, first, second] = [0, 0, 0].map(() => new Float64Array(rings + 1)) as Float64Array[];
  for (let k = 0; k < samples; k++) {
    const at = 2 * (b * samples + k);
    const [r, m] = [ring[k]!, multiplicity[k]!];
    cross![r]! += m * (one[at]! * two[at]! + one[at + 1]! * two[at + 1]!);
    first![r]! += m * (one[at]! ** 2 + one[at + 1]! ** 2);
    second![r]! += m * (two[at]! ** 2 + two[at + 1]! ** 2);
  }
  return cross!.map((value, r) => (value === 0 ? 0 : value / Math.sqrt(first![r]! * second![r]!)));
}

/** Degrees between two rotations. */
function angleBetween(a: Float32Array, b: Float32Array, at: number): number {
  let trace = 0;
  for (let i = 0; i < 9; i++) trace += a[at + i]! * b[at + i]!;
  return (Math.acos(Math.min(1, Math.max(-1, (trace - 1) / 2))) * 180) / Math.PI;
}

/** Mean gain and its standard error. */
function gainOf(values: Float64Array): Gain {
  const { mean, standardError } = meanAndError(values);
  return { gain: mean, standardError };
}
