import { InputError } from "../../errors";
import { ParticleBatches } from "../batches";
import { particlesPerPass } from "../memory";
import type { ProjectionContext } from "../projectionContext";
import { onBase } from "../secondRound/baseModels";
import { UnitAssembly } from "../units/unitAssembly";
import type { RingWeights } from "../weights";

/** Computes gradients of particles' scores with respect to the neutral model, for each unit in its own frame. */
export class GradientSource {
  private readonly batches: ParticleBatches;
  private readonly units: UnitAssembly;

  constructor(
    private readonly context: ProjectionContext,
    private readonly weights: RingWeights,
  ) {
    this.batches = new ParticleBatches(context.targets);
    this.units = context.units ?? new UnitAssembly();
  }

  /** Number of rows: units of all particles, see {@link UnitAssembly}. */
  get count(): number {
    return this.context.targets.count * this.units.count;
  }

  /** Rows of a particle. */
  get unitsPerParticle(): number {
    return this.units.count;
  }

  /** Number of Gaussians of a unit of the neutral model. */
  get gaussians(): number {
    return this.context.neutral.count / this.units.count;
  }

  /** Particles to compute at a time. */
  get particlesPerPass(): number {
    return particlesPerPass(this.context.neutral.count);
  }

  /**
   * Gradient of the score of each row's particle in the row's unit, one block [5m] for each outermost ring,
   * [rows · blocks · 5m].
   * @throws InputError naming a particle, by its index from 0, whose gradient is not finite
   */
  async gradients(rows: Int32Array, rings: readonly number[]): Promise<Float32Array> {
    const { neutral, engine } = this.context;
    const n = this.units.count;
    const of = rows.map((row) => Math.floor(row / n));
    const particles = Int32Array.from(new Set(of));
    const place = new Map(Array.from(particles, (particle, b) => [particle, b]));
    const block = 5 * this.gaussians;
    const inputs = block * rings.length;
    const out = new Float32Array(rows.length * inputs);
    const models = onBase(this.context, particles, neutral.params);
    const batch = await this.batches.load(particles, neutral.count, models);
    for (let k = 0; k < rings.length; k++) {
      const { modelGradient } = await engine.evaluate(batch, {
        boxSize: neutral.boxSize,
        rings: rings[k]!,
        ringWeights: this.weights.of(particles, rings[k]!),
        gradient: { model: true },
      });
      const own = this.units.ofUnits(modelGradient!, this.gaussians);
      for (const [b, row] of rows.entries()) {
        const at = (place.get(of[b]!)! * n + (row % n)) * block;
        const gradient = own.subarray(at, at + block);
        if (!gradient.every(Number.isFinite)) {
          throw new InputError(`particle ${of[b]}`, "a finite gradient of its agreement with the model");
        }
        out.set(gradient, b * inputs + k * block);
      }
    }
    return out;
  }
}
