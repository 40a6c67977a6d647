import { throwIfStopped } from "../../errors";
import { disc, sampleIndex } from "../../fourier/disc";
import type { GaussianModel } from "../../model/gaussianModel";
import type { ParticleTargets } from "../../particles/targets";
import type { TaskOptions } from "../../progress";
import type { ProjectionEngine } from "../../projection/engine";
import { ParticleBatches } from "../batches";
import {
  bestScores,
  type CrossSpectra,
  ownShifts,
  type Pair,
  peakInPlane,
  peakInSpace,
  type Triple,
  vertex,
} from "../crossCorrelation";
import { particlesPerPass } from "../memory";
import type { RingWeights } from "../weights";

/**
 * Whether particles and neutral model fit each other as they should, or would fit better if the model were moved or scaled,
 * if the images were moved, or if they had each other's poses: what goes wrong in files and conversions, and what training
 * would take for motion. Tried on a sample of the particles, by the log-likelihood of `weights.ts`, Σ w·FRC, in nats.
 */
export interface Misfit {
  /** Particles of the sample. */
  sample: number;
  /**
   * The gain of the particles' own rotations over those of other particles, each image being moved to where it agrees best,
   * and what the gain would be if rotations were right: how much projections of the model in them differ. Undefined where
   * rotations hardly do.
   */
  ownPose: (Gain & { expected: number }) | undefined;
  /** The offset of the model in Å that would raise the agreement most, and by how much. */
  offset: Gain & { by: [number, number, number] };
  /** The same shift of all images, in Å. */
  shift: Gain & { by: [number, number] };
  /**
   * Moving each image by a shift of its own: the gain, and the root mean square of the shifts in Å. A shift is found with one
   * half of the Fourier samples and scored with the other, so that where there is none the gain is below 0.
   */
  ownShift: Gain & { by: number };
  /**
   * The factor on the size of the model that would raise the agreement most: the gain of a model larger by `SCALE_STEP` over
   * one smaller by it (below 0 where smaller is better), and the factor.
   */
  scale: Gain & { by: number };
}

export interface Gain {
  /** Mean over the sample, nats per particle. */
  gain: number;
  standardError: number;
}

/** Particles that are looked at. */
const SAMPLE = 512;
/** Outermost ring of the correlations that show offsets; they are found at low resolution, and then judged on all rings. */
const OFFSET_RINGS = 12;
/** Factors on the size of the model that are tried: 1 ± this, and 2 and 4 times it. */
const SCALE_STEP = 0.005;
const SCALES = [-4, -2, -1, 0, 1, 2, 4].map((steps) => 1 + steps * SCALE_STEP);
/** Poses that differ less than this are the same, degrees. */
const SAME_POSE = 20;

/** @param used the particles to take the sample of, ascending */
export async function measureMisfit(
  targets: ParticleTargets,
  neutral: GaussianModel,
  engine: ProjectionEngine,
  weights: RingWeights,
  used: Int32Array,
  task: TaskOptions = {},
): Promise<Misfit> {
  const count = Math.min(SAMPLE, used.length);
  const sample = Int32Array.from({ length: count }, (_, i) => used[Math.floor((i * used.length) / count)]!);
  const edge = neutral.boxSize * neutral.apix;
  const trial = new Trial(targets, neutral, engine, weights, sample, task);
  const rings = Math.min(OFFSET_RINGS, weights.lastRing);
  const before = await trial.scores(neutral);
  const gainOf = async (model: GaussianModel, shift: Pair = [0, 0]) =>
    moments((await trial.scores(model, shift)).map((value, i) => value - before[i]!));
  const inÅ = <T extends number[]>(place: T) => place.map((x) => x * edge) as T;

  const spectra = await trial.crossSpectra(neutral, rings);
  const first = peakInSpace(spectra, trial.rotations);
  // From there once more: the further off a model is, the less its correlations say how far.
  const rest = peakInSpace(await trial.crossSpectra(moved(neutral, first), rings), trial.rotations);
  const offset = first.map((x, axis) => x + rest[axis]!) as Triple;
  const shift = peakInPlane(spectra);
  const own = ownShifts(spectra);
  return {
    sample: count,
    ownPose: await trial.ownPoseGain(spectra),
    offset: { ...(await gainOf(moved(neutral, offset))), by: inÅ(offset) },
    shift: { ...(await gainOf(neutral, shift)), by: inÅ(shift) },
    ownShift: { ...moments(own.gain), by: own.rms * edge },
    scale: await bestScale((factor) => trial.scores(scaled(neutral, factor))),
  };
}

/** A model whose centres are moved by box units. */
function moved(model: GaussianModel, by: Readonly<Triple>): GaussianModel {
  const params = model.params.slice();
  for (let axis = 0; axis < 3; axis++) {
    for (let i = 0; i < model.count; i++) params[axis * model.count + i]! += by[axis]!;
  }
  return { ...model, params };
}

/** A model as images of another pixel size would show it: centres and widths times a factor. */
function scaled(model: GaussianModel, factor: number): GaussianModel {
  const { count } = model;
  const params = model.params.map((value, i) => (i < 3 * count || i >= 4 * count ? value * factor : value));
  return { ...model, params };
}

/** Tries models and shifts on a sample of the particles. */
class Trial {
  readonly rotations: Float32Array;
  private readonly batches: ParticleBatches;

  constructor(
    private readonly targets: ParticleTargets,
    private readonly neutral: GaussianModel,
    private readonly engine: ProjectionEngine,
    private readonly weights: RingWeights,
    private readonly sample: Int32Array,
    private readonly task: TaskOptions,
  ) {
    this.batches = new ParticleBatches(targets);
    this.rotations = this.batches.rows(targets.rotations, 9, sample);
  }

  private *parts(): Generator<{ from: number; part: Int32Array }> {
    const step = particlesPerPass(this.neutral.count);
    for (let from = 0; from < this.sample.length; from += step) {
      throwIfStopped(this.task.signal);
      yield { from, part: this.sample.subarray(from, from + step) };
    }
  }

  /** Log-likelihood of each particle of the sample with this model, all shifts changed by one in box units. */
  async scores(model: GaussianModel, shift: Pair = [0, 0]): Promise<Float64Array> {
    const { targets, engine, weights } = this;
    const [boxSize, rings] = [model.boxSize, targets.rings];
    const out = new Float64Array(this.sample.length);
    for (const { from, part } of this.parts()) {
      const batch = await this.batches.load(part, model.count, model.params);
      const shifts = batch.shifts.map((value, i) => value + shift[i % 2]!);
      const ringWeights = weights.of(part);
      const { score } = await engine.evaluate({ ...batch, shifts }, { boxSize, rings, ringWeights });
      out.set(score, from);
    }
    return out;
  }

  /** Rotations of other particles, half the sample away. */
  private swappedRotations(): Float32Array {
    const { rotations, sample } = this;
    const half = 9 * (sample.length >> 1);
    return Float32Array.from(rotations, (_, i) => rotations[(i + half) % rotations.length]!);
  }

  /** @param own correlations of each particle with its projection */
  async ownPoseGain(own: CrossSpectra): Promise<Misfit["ownPose"]> {
    const { neutral, weights, sample, rotations } = this;
    const { rings } = own;
    const swapped = this.swappedRotations();
    const other = bestScores(await this.crossSpectra(neutral, rings, swapped));
    const gains = bestScores(own).map((value, i) => value - other[i]!);
    const request = { boxSize: neutral.boxSize, rings };
    let expected = 0;
    const differ: number[] = [];
    for (const { from, part } of this.parts()) {
      const batch = await this.batches.load(part, neutral.count, neutral.params);
      const seen = (await this.engine.project(batch, request)).slice();
      const others = swapped.subarray(9 * from, 9 * (from + part.length));
      const elsewhere = await this.engine.project({ ...batch, rotations: others }, request);
      const ringWeights = weights.of(part, rings);
      for (let b = 0; b < part.length; b++) {
        if (angleBetween(rotations, swapped, 9 * (from + b)) < SAME_POSE) continue;
        differ.push(gains[from + b]!);
        const alike = ringCorrelations(seen, elsewhere, b, rings);
        for (let r = 1; r <= rings; r++) {
          const hoped = ringWeights[b * (rings + 1) + r]! * weights.expectedFrc(part[b]!, r);
          expected += hoped * (1 - alike[r]!);
        }
      }
    }
    if (2 * differ.length < sample.length) return undefined;
    return { ...moments(Float64Array.from(differ)), expected: expected / differ.length };
  }

  async crossSpectra(
    model: GaussianModel,
    rings: number,
    rotations: Float32Array = this.rotations,
  ): Promise<CrossSpectra> {
    const { targets, engine, weights, sample } = this;
    const [small, large] = [disc(rings), disc(targets.rings)];
    const values = new Float32Array(sample.length * small.samples * 2);
    for (const { from, part } of this.parts()) {
      const batch = await this.batches.load(part, model.count, model.params);
      const views = { ...batch, rotations: rotations.subarray(9 * from, 9 * (from + part.length)) };
      const projected = await engine.project(views, { boxSize: model.boxSize, rings });
      const ringWeights = weights.of(part, rings);
      for (let b = 0; b < part.length; b++) {
        const norms = new Float64Array(rings + 1);
        for (let k = 0; k < small.samples; k++) {
          const at = 2 * (b * small.samples + k);
          norms[small.ring[k]!]! += small.multiplicity[k]! * (projected[at]! ** 2 + projected[at + 1]! ** 2);
        }
        for (let kx = 0; kx <= rings; kx++) {
          for (let ky = -rings; ky <= rings; ky++) {
            const k = sampleIndex(rings, kx, ky);
            const ring = small.ring[k]!;
            if (small.multiplicity[k] === 0 || norms[ring] === 0) continue;
            const p = 2 * (b * small.samples + k);
            const t = 2 * (b * large.samples + sampleIndex(targets.rings, kx, ky));
            const factor =
              (small.multiplicity[k]! * ringWeights[b * (rings + 1) + ring]!) / Math.sqrt(norms[ring]!);
            const out = 2 * ((from + b) * small.samples + k);
            const [pr, pi, ir, ii] = [
              projected[p]!,
              projected[p + 1]!,
              batch.targets[t]!,
              batch.targets[t + 1]!,
            ];
            values[out] = factor * (pr * ir + pi * ii);
            values[out + 1] = factor * (pi * ir - pr * ii);
          }
        }
      }
    }
    return { rings, count: sample.length, values };
  }
}

/** FRC of two transforms, number b of each array, in rings 0 … `rings`. */
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

async function bestScale(scores: (factor: number) => Promise<Float64Array>): Promise<Misfit["scale"]> {
  const tried: Float64Array[] = [];
  for (const factor of SCALES) tried.push(await scores(factor));
  const middle = SCALES.indexOf(1);
  const means = tried.map((values) => moments(values).gain);
  const best = means.indexOf(Math.max(...means));
  // A parabola through evenly spaced factors around the best one, or the last factor where the best may lie beyond it.
  const [low, high] = best < middle - 1 || best > middle + 1 ? [0, 0] : [best - 1, best + 1];
  const even = high > 0 && Math.abs(SCALES[high]! - 2 * SCALES[best]! + SCALES[low]!) < 1e-9;
  const off = even ? vertex(means[low]!, means[best]!, means[high]!) * SCALE_STEP : 0;
  const smaller = tried[middle - 1]!;
  return { ...moments(tried[middle + 1]!.map((value, i) => value - smaller[i]!)), by: SCALES[best]! + off };
}

function moments(values: Float64Array): Gain {
  const n = values.length;
  const gain = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - gain) ** 2, 0);
  return { gain, standardError: n > 1 ? Math.sqrt(squares / (n - 1) / n) : Number.POSITIVE_INFINITY };
}
