import type { LatentModel } from "../../network/latentModel";
import { productNumbers } from "../../projection/products";
import { ParticleBatches } from "../batches";
import type { TrainingDevice } from "../device/device";
import { deviceOf } from "../device/deviceOf";
import type { ProjectionContext } from "../projectionContext";
import type { RingWeights } from "../weights";
import { BatchCache } from "./batchCache";
import { decoderOf, type PlaceDecoder } from "./decoders";
import type { HalfSamples } from "./halfSamples";
import { PointLayout, type PoseFreedom } from "./poseOffsets";
import type { LatentLikelihood, LocalLikelihood } from "./posterior";
import { type BatchPoses, Variants } from "./variants";

/** What a {@link latentLikelihood} is defined by. */
export interface LikelihoodContext extends ProjectionContext {
  model: LatentModel;
  weights: RingWeights;
}

/** What a {@link PlaceLikelihood} is defined by. */
export interface PlaceContext extends ProjectionContext {
  decoder: PlaceDecoder;
  weights: Pick<RingWeights, "of" | "expectedFrc">;
  /** What is unknown of the pose. Default: nothing. */
  pose?: PoseFreedom | undefined;
  /** The Fourier samples to use. Default: all. */
  half?: HalfSamples | undefined;
}

/** Scores of particles at their points. */
export interface PointScores {
  /** Log-likelihood, [B]. */
  score: Float32Array;
  /** Part of each ring in it, [B · (rings + 1)]; 0 in ring 0. */
  ofRing: Float32Array;
}

/** The log-likelihood of particles as a function of z, given a trained model; see {@link PlaceLikelihood}. */
export function latentLikelihood({ model, ...context }: LikelihoodContext): LatentLikelihood {
  return new PlaceLikelihood({ ...context, decoder: decoderOf(model) });
}

/**
 * The log-likelihood of particles as a function of place and pose, given a decoder and ring weights: L = Σ_r w_r·FRC_r. A
 * point has the numbers of {@link PointLayout}.
 *
 * Its derivatives need no gradient of the projections. The models at a point and a small step along each of its numbers are
 * projected; the inner products of the projections give the change of every FRC, and the expected curvature (Fisher
 * information): for an image whose correlation with the truth is f_r, −∂²L/∂u_d∂u_e = Σ_r w_r·f_r·Re⟨∂_d P̂, ∂_e P̂⟩_r, with
 * P̂ = P/|P|_r. It is never negative and does not depend on the noise of the image. D numbers need D + 1 projections.
 */
export class PlaceLikelihood implements LatentLikelihood {
  /** Meaning of the numbers of a point. */
  readonly layout: PointLayout;
  private readonly cache: BatchCache;
  private readonly rings: number;
  private readonly variants: Variants;
  private readonly device: TrainingDevice;

  constructor(private readonly context: PlaceContext) {
    const { targets, neutral, decoder, half } = context;
    this.cache = new BatchCache(new ParticleBatches(targets), neutral.count, half);
    this.layout = new PointLayout(decoder.latent, context.pose ?? { rotation: false, shift: false });
    this.rings = targets.rings;
    this.device = deviceOf(context.engine);
    this.variants = new Variants(decoder, this.layout, neutral);
  }

  /** Models per particle that {@link local} projects. */
  get modelsPerParticle(): number {
    return this.variants.count;
  }

  async shared(particles: Int32Array, z: Float32Array): Promise<Float32Array> {
    return (await this.evaluate(particles, z)).score;
  }

  /** Score and, by ring, FRC of particles at places, valid until the next call. */
  private async evaluate(
    particles: Int32Array,
    places: Float32Array,
    points?: Float32Array,
  ): Promise<{ score: Float32Array; frc: Float32Array; ringWeights: Float32Array }> {
    const { context, rings } = this;
    const { neutral, half, decoder } = context;
    const ringWeights = this.weightsOf(particles);
    const loaded = await this.cache.load(particles);
    const poses = points && this.posesOf(particles, points);
    const found = await this.device.evaluate(
      { context, decoder, particles: loaded, places, poses },
      { boxSize: neutral.boxSize, rings, ringWeights, inside: half?.inside },
    );
    return { ...found, ringWeights };
  }

  /** Weights of the rings of some particles, [B · (rings + 1)]. */
  private weightsOf(particles: Int32Array): Float32Array {
    const ringWeights = this.context.weights.of(particles);
    return this.context.half?.weigh(ringWeights) ?? ringWeights;
  }

  /** Log-likelihood of each particle at its own point [B · width], also by ring. The arrays belong to the caller. */
  async scores(particles: Int32Array, points: Float32Array): Promise<PointScores> {
    const { rings, layout } = this;
    const { score, frc, ringWeights } = await this.evaluate(particles, layout.places(points), points);
    return {
      score: score.slice(),
      ofRing: frc.map((value, i) => (i % (rings + 1) === 0 ? 0 : value * ringWeights[i]!)),
    };
  }

  /** Rotations [B · 9] and shifts in box units [B · 2] of particles at their points [B · width]. */
  posesOf(particles: Int32Array, points: Float32Array): BatchPoses {
    const { targets } = this.context;
    const rotations = new Float32Array(9 * particles.length);
    const shifts = new Float32Array(2 * particles.length);
    for (const [i, particle] of particles.entries()) {
      rotations.set(targets.rotations.subarray(9 * particle, 9 * particle + 9), 9 * i);
      shifts.set(targets.shifts.subarray(2 * particle, 2 * particle + 2), 2 * i);
    }
    return this.turned({ rotations, shifts }, points);
  }

  private turned(poses: BatchPoses, points: Float32Array): BatchPoses {
    const { layout } = this;
    if (layout.width === layout.latent) return poses;
    const rotations = poses.rotations.slice();
    const shifts = poses.shifts.slice();
    for (let i = 0; 9 * i < rotations.length; i++) {
      layout.apply(points.subarray(i * layout.width, (i + 1) * layout.width), {
        rotation: rotations.subarray(9 * i, 9 * i + 9),
        shift: shifts.subarray(2 * i, 2 * i + 2),
      });
    }
    return { rotations, shifts };
  }

  async local(particles: Int32Array, points: Float32Array): Promise<LocalLikelihood> {
    const { context, rings, variants } = this;
    const { neutral, half, decoder } = context;
    const { width } = this.layout;
    const b = particles.length;
    const poses = this.posesOf(particles, points);
    const loaded = await this.cache.load(particles);
    const products = await this.device.products(
      { context, decoder, particles: loaded, poses, variants, points },
      { boxSize: neutral.boxSize, rings, inside: half?.inside },
    );
    const ringWeights = this.weightsOf(particles);
    const result: LocalLikelihood = {
      value: new Float32Array(b),
      gradient: new Float32Array(b * width),
      curvature: new Float32Array(b * width * width),
    };
    const numbers = (rings + 1) * productNumbers(variants.count);
    for (let i = 0; i < b; i++) {
      const own = {
        particle: particles[i]!,
        products: products.subarray(i * numbers, (i + 1) * numbers),
        ringWeights: ringWeights.subarray(i * (rings + 1), (i + 1) * (rings + 1)),
      };
      this.differentiate(this.sumOverRings(own), i, result);
    }
    return result;
  }

  /** Scores of all variants of a particle, [width + 1], and the expected curvature, lower triangle of [width · width]. */
  private sumOverRings({ particle, products, ringWeights }: ParticleProducts): RingSums {
    const { rings } = this;
    const { width } = this.layout;
    const { count: variants, steps } = this.variants;
    const numbers = productNumbers(variants);
    const score = new Float64Array(variants);
    const curvature = new Float64Array(width * width);
    for (let r = 1; r <= rings; r++) {
      const weight = ringWeights[r]!;
      const at = r * numbers;
      // All products of a ring without signal are 0.
      if (weight === 0 || products[at + variants] === 0) continue;
      const onTarget = (v: number) => products[at + v]!;
      const product = (v: number, w: number) => products[at + variants + triangleIndex(v, w, variants)]!;
      const expected = weight * this.context.weights.expectedFrc(particle, r);
      score[0]! += weight * onTarget(0);
      for (let d = 0; d < width; d++) {
        const along = product(0, d + 1);
        const norm = Math.sqrt(Math.max(1 + 2 * along + product(d + 1, d + 1), Number.EPSILON));
        score[d + 1]! += (weight * (onTarget(0) + onTarget(d + 1))) / norm;
        for (let e = 0; e <= d; e++) {
          const information = expected / (steps[d]! * steps[e]!);
          curvature[d * width + e]! += information * (product(e + 1, d + 1) - along * product(0, e + 1));
        }
      }
    }
    return { score, curvature };
  }

  /** Writes value, gradient and curvature of particle i. */
  private differentiate({ score, curvature }: RingSums, i: number, result: LocalLikelihood): void {
    const { width } = this.layout;
    result.value[i] = score[0]!;
    for (let d = 0; d < width; d++) {
      const step = this.variants.steps[d]!;
      // The forward difference is the gradient half a step ahead; the curvature corrects for it.
      const ahead = (score[d + 1]! - score[0]!) / step;
      result.gradient[i * width + d] = ahead + (step / 2) * curvature[d * width + d]!;
      for (let e = 0; e <= d; e++) {
        result.curvature[(i * width + d) * width + e] = curvature[d * width + e]!;
        result.curvature[(i * width + e) * width + d] = curvature[d * width + e]!;
      }
    }
  }
}

/** Inner products and weights of one particle, ring by ring. */
interface ParticleProducts {
  particle: number;
  products: Float32Array;
  ringWeights: Float32Array;
}

interface RingSums {
  score: Float64Array;
  curvature: Float64Array;
}

/** Index of the pair v ≤ w in the upper triangle of `variants` × `variants`, row by row. */
function triangleIndex(v: number, w: number, variants: number): number {
  return v * variants - (v * (v - 1)) / 2 + (w - v);
}
