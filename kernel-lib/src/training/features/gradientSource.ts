import { InputError } from "../../errors";
import { ParticleBatches } from "../batches";
import type { ProjectionContext } from "../projectionContext";
import type { RingWeights } from "../weights";

/** Computes gradients of particles' scores with respect to the neutral model. */
export class GradientSource {
  private readonly batches: ParticleBatches;

  constructor(
    private readonly context: ProjectionContext,
    private readonly weights: RingWeights,
  ) {
    this.batches = new ParticleBatches(context.targets);
  }

  /** Number of particles. */
  get count(): number {
    return this.context.targets.count;
  }

  /** Number of Gaussians of the neutral model. */
  get gaussians(): number {
    return this.context.neutral.count;
  }

  /**
   * Gradient of each particle's score, one block [5N] for each outermost ring, [B · blocks · 5N].
   * @throws InputError naming a particle, by its index from 0, whose gradient is not finite
   */
  async gradients(particles: Int32Array, rings: readonly number[]): Promise<Float32Array> {
    const { neutral, engine } = this.context;
    const block = 5 * neutral.count;
    const inputs = block * rings.length;
    const out = new Float32Array(particles.length * inputs);
    const batch = await this.batches.load(particles, neutral.count, neutral.params);
    for (let k = 0; k < rings.length; k++) {
      const { modelGradient } = await engine.evaluate(batch, {
        boxSize: neutral.boxSize,
        rings: rings[k]!,
        ringWeights: this.weights.of(particles, rings[k]!),
        gradient: { model: true },
      });
      for (let b = 0; b < particles.length; b++) {
        const own = modelGradient!.subarray(b * block, (b + 1) * block);
        if (!own.every(Number.isFinite)) {
          throw new InputError(
            `particle ${particles[b]}`,
            "a finite gradient of its agreement with the model",
          );
        }
        out.set(own, b * inputs + k * block);
      }
    }
    return out;
  }
}
