import { throwIfStopped } from "../../errors";
import { disc, sampleIndex } from "../../fourier/disc";
import type { GaussianModel } from "../../model/gaussianModel";
import type { ProjectionBatch } from "../../projection/engine";
import { gatherRows, ParticleBatches } from "../batches";
import { particlesPerPass } from "../memory";
import type { ProjectionContext } from "../projectionContext";
import { onBase } from "../secondRound/baseModels";
import type { CrossSpectra, Pair } from "./crossCorrelation";
import type { MisfitOptions } from "./misfitOptions";

/** Scores models and shifts on a sample of the particles. */
export class Trial {
  readonly rotations: Float32Array;
  private readonly batches: ParticleBatches;

  constructor(
    readonly context: ProjectionContext,
    readonly sample: Int32Array,
    readonly options: MisfitOptions,
  ) {
    this.batches = new ParticleBatches(context.targets);
    this.rotations = gatherRows(context.targets.rotations, 9, sample);
  }

  /** Parts of the sample that are projected at a time. */
  *parts(): Generator<{ from: number; part: Int32Array }> {
    const step = particlesPerPass(this.context.neutral.count);
    for (let from = 0; from < this.sample.length; from += step) {
      throwIfStopped(this.options.signal);
      yield { from, part: this.sample.subarray(from, from + step) };
    }
  }

  /** Particles of a part with a model, on their bases. */
  load(part: Int32Array, { count, params }: GaussianModel): Promise<ProjectionBatch> {
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
