import type { GaussianModel } from "../model/gaussianModel";
import type { LatentModel } from "../network/latentModel";
import type { ParticleTargets } from "../particles/targets";
import type { ProjectionEngine } from "../projection/engine";
import { ParticleBatches } from "./batches";
import type { LatentLikelihood } from "./posterior";
import type { RingWeights } from "./weights";

/** Step of the differences along z, in standard deviations of the latents. */
const DIFFERENCE = 0.05;

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
      const models = model.decode(z, particles.length);
      const { score } = await engine.evaluate(await load(particles, models), request(particles));
      return score;
    },
    async local(particles, z) {
      const b = particles.length;
      const derivative = async (models: Float32Array) => {
        const { score, modelGradient } = await engine.evaluate(await load(particles, models), {
          ...request(particles),
          gradient: { model: true },
        });
        return { score: score.slice(), slope: modelGradient!.slice() };
      };
      const here = await derivative(model.decode(z, b));
      // Models a little up and down each axis give the decoder's tangents, and the change of the slope along them.
      const tangents: Float32Array[] = [];
      const bends: Float32Array[] = [];
      for (let d = 0; d < latent; d++) {
        const moved = (by: number) => {
          const next = z.slice();
          for (let i = 0; i < b; i++) next[i * latent + d]! += by;
          return model.decode(next, b);
        };
        const [up, down] = [moved(DIFFERENCE), moved(-DIFFERENCE)];
        tangents.push(up.map((value, p) => (value - down[p]!) / (2 * DIFFERENCE)));
        const [above, below] = [await derivative(up), await derivative(down)];
        bends.push(above.slope.map((value, p) => (below.slope[p]! - value) / (2 * DIFFERENCE)));
      }
      const gradient = new Float32Array(b * latent);
      const curvature = new Float32Array(b * latent * latent);
      for (let i = 0; i < b; i++) {
        const dot = (x: Float32Array, y: Float32Array) => {
          let sum = 0;
          for (let p = i * n5; p < (i + 1) * n5; p++) sum += x[p]! * y[p]!;
          return sum;
        };
        for (let d = 0; d < latent; d++) {
          gradient[i * latent + d] = dot(here.slope, tangents[d]!);
          for (let e = 0; e <= d; e++) {
            // The decoder is taken as straight over the width of the posterior (Gauss and Newton).
            const value = (dot(tangents[d]!, bends[e]!) + dot(tangents[e]!, bends[d]!)) / 2;
            curvature[(i * latent + d) * latent + e] = value;
            curvature[(i * latent + e) * latent + d] = value;
          }
        }
      }
      return { value: here.score, gradient, curvature };
    },
  };
}
