import type { LatentModel } from "../../network/latentModel";
import type { ProjectionBatch } from "../../projection/engine";
import { productNumbers } from "../../projection/products";
import { gatherRows, ParticleBatches } from "../batches";
import type { ProjectionContext } from "../projectionContext";
import type { RingWeights } from "../weights";
import type { LatentLikelihood, LocalLikelihood } from "./posterior";

/** Step of the finite differences along z, in standard deviations of the latents. */
const differenceStep = 0.02;

/** What a {@link latentLikelihood} is defined by. */
export interface LikelihoodContext extends ProjectionContext {
  model: LatentModel;
  weights: RingWeights;
}

/**
 * The log-likelihood of particles as a function of z, given a trained decoder and ring weights: L = Σ_r w_r·FRC_r.
 *
 * Its derivatives need no gradient of the projections. The models at z and a small step along each axis are projected; the
 * inner products of the projections give the change of every FRC, and the expected curvature (Fisher information): for an
 * image whose correlation with the truth is f_r, −∂²L/∂z_d∂z_e = Σ_r w_r·f_r·Re⟨∂_d P̂, ∂_e P̂⟩_r, with P̂ = P/|P|_r. It is
 * never negative and does not depend on the noise of the image. D axes need D + 1 projections.
 */
export function latentLikelihood(context: LikelihoodContext): LatentLikelihood {
  return new DecoderLikelihood(context);
}

class DecoderLikelihood implements LatentLikelihood {
  private readonly cache: BatchCache;
  private readonly latent: number;
  private readonly rings: number;
  /** Models per particle: at z, and a step along each axis. */
  private readonly variants: number;

  constructor(private readonly context: LikelihoodContext) {
    const { targets, neutral, model } = context;
    this.cache = new BatchCache(new ParticleBatches(targets), neutral.count);
    this.latent = model.spec.latent;
    this.rings = targets.rings;
    this.variants = this.latent + 1;
  }

  async shared(particles: Int32Array, z: Float32Array): Promise<Float32Array> {
    const { engine, model, neutral, weights } = this.context;
    const request = { boxSize: neutral.boxSize, rings: this.rings, ringWeights: weights.of(particles) };
    const { score } = await engine.evaluate(await this.cache.load(particles, model.decode(z, 1)), request);
    return score;
  }

  async local(particles: Int32Array, z: Float32Array): Promise<LocalLikelihood> {
    const { engine, model, neutral, weights } = this.context;
    const { latent, rings } = this;
    const b = particles.length;
    const models = model.decode(this.withSteps(z, b), b * this.variants);
    const batch = await this.cache.load(particles, models);
    const products = await engine.products(batch, { boxSize: neutral.boxSize, rings });
    const ringWeights = weights.of(particles);
    const result: LocalLikelihood = {
      value: new Float32Array(b),
      gradient: new Float32Array(b * latent),
      curvature: new Float32Array(b * latent * latent),
    };
    const width = (rings + 1) * productNumbers(this.variants);
    for (let i = 0; i < b; i++) {
      const own = {
        particle: particles[i]!,
        products: products.subarray(i * width, (i + 1) * width),
        ringWeights: ringWeights.subarray(i * (rings + 1), (i + 1) * (rings + 1)),
      };
      this.differentiate(this.sumOverRings(own), i, result);
    }
    return result;
  }

  /** z of each particle, followed by z plus a step along each axis, [b · variants · latent]. */
  private withSteps(z: Float32Array, b: number): Float32Array {
    const { latent, variants } = this;
    const out = new Float32Array(b * variants * latent);
    for (let i = 0; i < b; i++) {
      for (let v = 0; v < variants; v++) {
        const at = (i * variants + v) * latent;
        out.set(z.subarray(i * latent, (i + 1) * latent), at);
        if (v > 0) out[at + v - 1]! += differenceStep;
      }
    }
    return out;
  }

  /** Scores of all variants of a particle, [variants], and the expected curvature, lower triangle of [latent · latent]. */
  private sumOverRings({ particle, products, ringWeights }: ParticleProducts): RingSums {
    const { latent, rings, variants } = this;
    const numbers = productNumbers(variants);
    const score = new Float64Array(variants);
    const curvature = new Float64Array(latent * latent);
    for (let r = 1; r <= rings; r++) {
      const weight = ringWeights[r]!;
      const at = r * numbers;
      // All products of a ring without signal are 0.
      if (weight === 0 || products[at + variants] === 0) continue;
      const onTarget = (v: number) => products[at + v]!;
      const product = (v: number, w: number) => products[at + variants + triangleIndex(v, w, variants)]!;
      const information = (weight * this.context.weights.expectedFrc(particle, r)) / differenceStep ** 2;
      score[0]! += weight * onTarget(0);
      for (let d = 0; d < latent; d++) {
        const along = product(0, d + 1);
        const norm = Math.sqrt(Math.max(1 + 2 * along + product(d + 1, d + 1), Number.EPSILON));
        score[d + 1]! += (weight * (onTarget(0) + onTarget(d + 1))) / norm;
        for (let e = 0; e <= d; e++) {
          curvature[d * latent + e]! += information * (product(e + 1, d + 1) - along * product(0, e + 1));
        }
      }
    }
    return { score, curvature };
  }

  /** Writes value, gradient and curvature of particle i. */
  private differentiate({ score, curvature }: RingSums, i: number, result: LocalLikelihood): void {
    const { latent } = this;
    result.value[i] = score[0]!;
    for (let d = 0; d < latent; d++) {
      // The forward difference is the gradient half a step ahead; the curvature corrects for it.
      const ahead = (score[d + 1]! - score[0]!) / differenceStep;
      result.gradient[i * latent + d] = ahead + (differenceStep / 2) * curvature[d * latent + d]!;
      for (let e = 0; e <= d; e++) {
        result.curvature[(i * latent + d) * latent + e] = curvature[d * latent + e]!;
        result.curvature[(i * latent + e) * latent + d] = curvature[d * latent + e]!;
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

/**
 * Batches that were loaded last. The same particles are requested at many z, fewer and fewer of them; two batches are
 * processed at a time.
 */
class BatchCache {
  private readonly recent: { rows: Map<number, number>; batch: ProjectionBatch }[] = [];

  constructor(
    private readonly batches: ParticleBatches,
    private readonly gaussians: number,
  ) {}

  async load(particles: Int32Array, models: Float32Array): Promise<ProjectionBatch> {
    const known = this.recent.find(({ rows }) => particles.every((particle) => rows.has(particle)));
    if (known) {
      const rows = Int32Array.from(particles, (particle) => known.rows.get(particle)!);
      return { ...part(known.batch, rows), model: models };
    }
    const batch = await this.batches.load(particles, this.gaussians, models);
    this.recent.unshift({ rows: new Map(Array.from(particles, (particle, i) => [particle, i])), batch });
    this.recent.splice(2);
    return batch;
  }
}

/** Some rows of a batch; the batch itself, without copies, if they are all rows in order. */
function part(batch: ProjectionBatch, rows: Int32Array): ProjectionBatch {
  if (rows.length === batch.count && rows.every((row, i) => row === i)) return batch;
  const take = (values: Float32Array) => gatherRows(values, values.length / batch.count, rows);
  return {
    ...batch,
    count: rows.length,
    rotations: take(batch.rotations),
    shifts: take(batch.shifts),
    targets: take(batch.targets),
  };
}

/** Index of the pair v ≤ w in the upper triangle of `variants` × `variants`, row by row. */
function triangleIndex(v: number, w: number, variants: number): number {
  return v * variants - (v * (v - 1)) / 2 + (w - v);
}
