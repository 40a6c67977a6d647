import { throwIfStopped } from "../../errors";
import type { GaussianModel } from "../../model/gaussianModel";
import { Row } from "../../model/gaussianModel";
import { allUnits, gradientInFirst } from "../../model/symmetricModel";
import type { PointGroup } from "../../optics/symmetry";
import type { ParticleTargets } from "../../particles/targets";
import type { ProjectionBatch, ProjectionEngine } from "../../projection/engine";
import { ParticleBatches } from "../batches";
import { particlesPerPass } from "../memory";
import type { RingWeights } from "../weights";

/** What models are compared with. */
export interface ScoreContext {
  targets: ParticleTargets;
  engine: ProjectionEngine;
  /** Symmetry of the molecule; models are then those of one unit. Default: none. */
  group?: PointGroup | undefined;
}

/** How particles are scored: Σ_r weight_r · FRC_r over rings 1 … `rings`, in nats with weights by information. */
export interface Scoring {
  weights: RingWeights;
  /** The outermost ring. */
  rings: number;
}

/** Sums over particles of the derivatives of their scores in the amplitude of each Gaussian, and of their squares. */
export interface AmplitudeSums {
  /** Σ g, [count]. */
  gradient: Float64Array;
  /** Σ g², [count]: an estimate of the information about the amplitude. */
  squares: Float64Array;
}

/** Scores of one model with many particles, and their gradients. */
export class ParticleScore {
  private readonly batches: ParticleBatches;

  constructor(private readonly context: ScoreContext) {
    this.batches = new ParticleBatches(context.targets);
  }

  /** The model of the whole molecule. */
  whole(model: GaussianModel): GaussianModel {
    const { group } = this.context;
    return group ? allUnits(model, group) : model;
  }

  /** Reads the transforms of some particles; the model of the batch is set when it is scored. */
  read(particles: Int32Array, buffer?: Float32Array): Promise<ProjectionBatch> {
    return this.batches.load(particles, 0, new Float32Array(0), buffer);
  }

  /**
   * Mean score of a batch; writes its gradient in the parameters of the model, [5 · count].
   * @param particles those of the batch
   */
  async gradient(
    { batch, particles }: { batch: ProjectionBatch; particles: Int32Array },
    model: GaussianModel,
    { weights, rings }: Scoring,
    gradient: Float64Array,
  ): Promise<number> {
    const whole = this.whole(model);
    const { score, modelGradient } = await this.evaluate(batch, whole, {
      ...{ rings, ringWeights: weights.of(particles, rings), gradient: { model: true } },
    });
    const sum = new Float64Array(5 * whole.count);
    const scale = 1 / particles.length;
    for (let b = 0, at = 0; b < particles.length; b++) {
      for (let i = 0; i < sum.length; i++) sum[i]! += scale * modelGradient![at++]!;
    }
    const { group } = this.context;
    if (group) gradientInFirst(sum, group, gradient);
    else gradient.set(sum);
    return score.reduce((total, s) => total + s, 0) * scale;
  }

  /** Derivatives in the amplitudes, summed over some particles; of a symmetric model in those of its first unit. */
  async amplitudes(
    particles: Int32Array,
    model: GaussianModel,
    { weights, rings }: Scoring,
    signal?: AbortSignal,
  ): Promise<AmplitudeSums> {
    const whole = this.whole(model);
    const { count } = model;
    const units = whole.count / count;
    const sums = { gradient: new Float64Array(count), squares: new Float64Array(count) };
    for (const part of parts(particles, whole.count)) {
      throwIfStopped(signal);
      const { modelGradient } = await this.evaluate(await this.read(part), whole, {
        ...{ rings, ringWeights: weights.of(part, rings), gradient: { model: true } },
      });
      for (let b = 0; b < part.length; b++) {
        const at = (5 * b + Row.amplitude) * whole.count;
        for (let i = 0; i < count; i++) {
          let g = 0;
          for (let u = 0; u < units; u++) g += modelGradient![at + u * count + i]!;
          sums.gradient[i]! += g;
          sums.squares[i]! += g * g;
        }
      }
    }
    return sums;
  }

  /** FRC of a model with each of some particles, [particles · (rings + 1)]. */
  async frc(particles: Int32Array, model: GaussianModel, signal?: AbortSignal): Promise<Float32Array> {
    const { rings } = this.context.targets;
    const whole = this.whole(model);
    const all = new Float32Array(particles.length * (rings + 1));
    const ringWeights = new Float32Array(rings + 1).fill(1);
    let done = 0;
    for (const part of parts(particles, whole.count)) {
      throwIfStopped(signal);
      const { frc } = await this.evaluate(await this.read(part), whole, { rings, ringWeights });
      all.set(frc, done * (rings + 1));
      done += part.length;
    }
    return all;
  }

  private evaluate(
    batch: ProjectionBatch,
    { count, params, boxSize }: GaussianModel,
    request: { rings: number; ringWeights: Float32Array; gradient?: { model: boolean } },
  ) {
    return this.context.engine.evaluate(
      { ...batch, gaussians: count, model: params },
      { boxSize, ...request },
    );
  }
}

function* parts(particles: Int32Array, gaussians: number): Generator<Int32Array> {
  const size = particlesPerPass(gaussians);
  for (let from = 0; from < particles.length; from += size) yield particles.slice(from, from + size);
}

/** Scores of particles in nats, [particles], from their FRC, [particles · (rings + 1)]. */
export function scoresOf(frc: Float32Array, particles: Int32Array, weights: RingWeights): Float64Array {
  const weight = weights.of(particles);
  const width = weights.rings + 1;
  return Float64Array.from(particles, (_, i) => {
    let sum = 0;
    for (let r = 1; r < width; r++) sum += weight[i * width + r]! * frc[i * width + r]!;
    return sum;
  });
}
