import type { GaussianModel } from "../model/gaussianModel";
import type { LatentModel } from "../network/latentModel";
import type { ParticleTargets } from "../particles/targets";
import type { ProjectionBatch, ProjectionEngine } from "../projection/engine";
import { productNumbers } from "../projection/products";
import { ParticleBatches } from "./batches";
import type { LatentLikelihood } from "./posterior";
import type { RingWeights } from "./weights";

/** Step of the differences along z, in standard deviations of the latents. */
const DIFFERENCE = 0.02;

/**
 * The log-likelihood of particles in z that a trained decoder and the ring weights define: L = Σ_r w_r·FRC_r.
 *
 * Its derivatives need no gradient of the projections. The models at z and a little along each axis are projected; the inner
 * products of what is seen there give the change of every FRC, and the curvature that is to be expected (Fisher's information):
 * where an image correlates with the truth by f_r, −∂²L/∂z_d∂z_e = Σ_r w_r·f_r·Re⟨∂_d P̂, ∂_e P̂⟩_r, with P̂ = P/|P|_r. It is
 * never negative, and knows nothing of the noise of the one image. For D axes that is D + 1 projections, of any D.
 */
export function latentLikelihood(
  targets: ParticleTargets,
  neutral: GaussianModel,
  model: LatentModel,
  weights: RingWeights,
  engine: ProjectionEngine,
): LatentLikelihood {
  const batches = new ParticleBatches(targets);
  const { latent } = model.spec;
  const { rings } = targets;
  const { boxSize } = neutral;
  const variants = latent + 1;
  const numbers = productNumbers(variants);
  // The same particles are asked for at many z, fewer and fewer of them; what was gathered for the last two batches is kept.
  const recent: { rows: Map<number, number>; batch: ProjectionBatch }[] = [];
  const load = async (particles: Int32Array, models: Float32Array): Promise<ProjectionBatch> => {
    const known = recent.find(({ rows }) => particles.every((particle) => rows.has(particle)));
    if (known) {
      const { rows, batch } = known;
      const picked = Int32Array.from(particles, (particle) => rows.get(particle)!);
      // All of them in their order, as on a grid: nothing is copied.
      if (picked.length === batch.count && picked.every((row, i) => row === i)) {
        return { ...batch, model: models };
      }
      const take = (values: Float32Array) => batches.rows(values, values.length / batch.count, picked);
      return {
        ...batch,
        count: picked.length,
        model: models,
        rotations: take(batch.rotations),
        shifts: take(batch.shifts),
        targets: take(batch.targets),
      };
    }
    const batch = await batches.load(particles, neutral.count, models);
    recent.unshift({ rows: new Map(Array.from(particles, (particle, i) => [particle, i])), batch });
    recent.splice(2);
    return batch;
  };
  return {
    async shared(particles, z) {
      const request = { boxSize, rings, ringWeights: weights.of(particles) };
      const { score } = await engine.evaluate(await load(particles, model.decode(z, 1)), request);
      return score;
    },
    async local(particles, z) {
      const b = particles.length;
      const near = new Float32Array(b * variants * latent);
      for (let i = 0; i < b; i++) {
        for (let v = 0; v < variants; v++) {
          const at = (i * variants + v) * latent;
          near.set(z.subarray(i * latent, (i + 1) * latent), at);
          if (v > 0) near[at + v - 1]! += DIFFERENCE;
        }
      }
      const models = model.decode(near, b * variants);
      const products = await engine.products(await load(particles, models), { boxSize, rings });
      const ringWeights = weights.of(particles);
      const value = new Float32Array(b);
      const gradient = new Float32Array(b * latent);
      const curvature = new Float32Array(b * latent * latent);
      const score = new Float64Array(variants);
      const bend = new Float64Array(latent * latent);
      for (let i = 0; i < b; i++) {
        score.fill(0);
        bend.fill(0);
        for (let r = 1; r <= rings; r++) {
          const weight = ringWeights[i * (rings + 1) + r]!;
          const at = (i * (rings + 1) + r) * numbers;
          // Of a ring without signal everything is zero.
          if (weight === 0 || products[at + variants] === 0) continue;
          const onTarget = (v: number) => products[at + v]!;
          const square = (v: number, w: number) => products[at + variants + triangle(v, w, variants)]!;
          const information = (weight * weights.expectedFrc(particles[i]!, r)) / DIFFERENCE ** 2;
          score[0]! += weight * onTarget(0);
          for (let d = 0; d < latent; d++) {
            const along = square(0, d + 1);
            const length = Math.sqrt(Math.max(1 + 2 * along + square(d + 1, d + 1), Number.EPSILON));
            score[d + 1]! += (weight * (onTarget(0) + onTarget(d + 1))) / length;
            for (let e = 0; e <= d; e++) {
              bend[d * latent + e]! += information * (square(e + 1, d + 1) - along * square(0, e + 1));
            }
          }
        }
        value[i] = score[0]!;
        for (let d = 0; d < latent; d++) {
          // Half a step further on the slope has changed by the curvature.
          const ahead = (score[d + 1]! - score[0]!) / DIFFERENCE;
          gradient[i * latent + d] = ahead + (DIFFERENCE / 2) * bend[d * latent + d]!;
          for (let e = 0; e <= d; e++) {
            curvature[(i * latent + d) * latent + e] = bend[d * latent + e]!;
            curvature[(i * latent + e) * latent + d] = bend[d * latent + e]!;
          }
        }
      }
      return { value, gradient, curvature };
    },
  };
}

/** Place of the pair v ≤ w among those of `variants` numbers, row by row. */
function triangle(v: number, w: number, variants: number): number {
  return v * variants - (v * (v - 1)) / 2 + (w - v);
}
