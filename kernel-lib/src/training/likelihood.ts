import type { GaussianModel } from "../model/gaussianModel";
import type { LatentModel } from "../network/latentModel";
import type { ParticleTargets } from "../particles/targets";
import type { ProjectionEngine } from "../projection/engine";
import { ParticleBatches } from "./batches";
import type { LatentLikelihood } from "./posterior";
import type { RingWeights } from "./weights";

/** Step of the differences along z by which the decoder is differentiated, in standard deviations of the latents. */
const DIFFERENCE = 0.02;

/** The log-likelihood of particles in z that a trained decoder and the ring weights define. */
export function latentLikelihood(
  targets: ParticleTargets,
  neutral: GaussianModel,
  model: LatentModel,
  weights: RingWeights,
  engine: ProjectionEngine,
): LatentLikelihood {
  const batches = new ParticleBatches(targets);
  const { latent } = model.spec;
  const n5 = 5 * neutral.count;
  const request = (particles: Int32Array) => ({
    boxSize: neutral.boxSize,
    rings: targets.rings,
    ringWeights: weights.of(particles),
  });
  let loaded: { particles: Int32Array; batch: Awaited<ReturnType<ParticleBatches["load"]>> } | undefined;
  /** The same particles are asked for at many z: their transforms are gathered once. */
  const load = async (particles: Int32Array, models: Float32Array) => {
    if (loaded?.particles !== particles) {
      loaded = { particles, batch: await batches.load(particles, neutral.count, models) };
    }
    return { ...loaded.batch, model: models };
  };
  return {
    async shared(particles, z) {
      const { score } = await engine.evaluate(await load(particles, model.decode(z, 1)), request(particles));
      return score;
    },
    async own(particles, z) {
      const b = particles.length;
      const { score, modelGradient } = await engine.evaluate(await load(particles, model.decode(z, b)), {
        ...request(particles),
        gradient: { model: true },
      });
      const gradient = new Float32Array(b * latent);
      for (let d = 0; d < latent; d++) {
        const moved = (by: number) => {
          const next = z.slice();
          for (let i = 0; i < b; i++) next[i * latent + d]! += by;
          return model.decode(next, b);
        };
        const up = moved(DIFFERENCE);
        const down = moved(-DIFFERENCE);
        for (let i = 0; i < b; i++) {
          let sum = 0;
          for (let p = i * n5; p < (i + 1) * n5; p++) sum += modelGradient![p]! * (up[p]! - down[p]!);
          gradient[i * latent + d] = sum / (2 * DIFFERENCE);
        }
      }
      return { value: score, gradient };
    },
  };
}
