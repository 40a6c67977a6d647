import { InputError } from "../../errors";
import { gatherRows, ParticleBatches } from "../batches";
import { deviceOf } from "../device/deviceOf";
import { ImageGroups } from "../imageGroups";
import { particlesPerPass } from "../memory";
import { loadRows } from "../posterior/batchCache";
import type { ProjectionContext } from "../projectionContext";
import { UnitAssembly } from "../units/unitAssembly";
import type { RingWeights } from "../weights";
import type { ComponentProjector, GradientComponents } from "./components";
import { type GradientBatch, neutralGradients } from "./neutralGradients";

/** Computes gradients of particles' scores with respect to the neutral model, for each unit in its own frame. */
export class GradientSource {
  private readonly batches: ParticleBatches;
  private readonly units: UnitAssembly;
  /** Images of each particle, whose gradients are summed. */
  private readonly groups: ImageGroups | undefined;

  constructor(
    private readonly context: ProjectionContext,
    private readonly weights: RingWeights,
  ) {
    this.batches = new ParticleBatches(context.targets);
    this.units = context.units ?? new UnitAssembly();
    this.groups = ImageGroups.of(context.targets);
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
   * Gradient of the score of each row's particle, of all its images, in the row's unit, one block [5m] for each outermost ring,
   * [rows · blocks · 5m].
   * @throws InputError naming a particle, by its index from 0, whose gradient is not finite
   */
  async gradients(rows: Int32Array, rings: readonly number[]): Promise<Float32Array> {
    const { groups } = this;
    if (!groups) return this.imageGradients(rows, rings);
    const width = rings.length * 5 * this.gaussians;
    const sums = new Float32Array(rows.length * width);
    const { images, rowOf } = groups.imagesOf(rows);
    const step = this.particlesPerPass;
    for (let from = 0; from < images.length; from += step) {
      const own = await this.imageGradients(images.slice(from, from + step), rings);
      for (let i = 0; i * width < own.length; i++) {
        const to = rowOf[from + i]! * width;
        for (let k = 0; k < width; k++) sums[to + k]! += own[i * width + k]!;
      }
    }
    return sums;
  }

  /**
   * Makes the encoder's input that each image of a particle has, the sum over them all, from that of each image, [images · size], in
   * place.
   */
  share(features: Float32Array, size: number): void {
    this.groups?.sum(features, size);
  }

  private async imageGradients(rows: Int32Array, rings: readonly number[]): Promise<Float32Array> {
    const batch = await this.batchOf(rows);
    const own = await neutralGradients(this.context.engine, batch, rings);
    const n = this.units.count;
    const place = new Map(Array.from(batch.particles.particles, (particle, b) => [particle, b]));
    const unitRows = rows.map((row) => place.get(Math.floor(row / n))! * n + (row % n));
    const gradients = gatherRows(own, own.length / (n * batch.particles.rows.length), unitRows);
    return this.finite(rows, gradients);
  }

  /** Makes the encoder's input of rows, all of some particles, on the device of the training. */
  projector(of: GradientComponents): ComponentProjector<Int32Array> {
    const made = deviceOf(this.context.engine).components(of);
    return {
      project: async (rows) => this.finite(rows, await made.project(await this.batchOf(rows))),
      dispose: () => made.dispose(),
    };
  }

  /** The particles of some rows. */
  private async batchOf(rows: Int32Array): Promise<GradientBatch> {
    const particles = Int32Array.from(new Set(rows.map((row) => Math.floor(row / this.units.count))));
    const { context, weights } = this;
    return {
      context,
      particles: await loadRows(this.batches, particles, context.neutral.count),
      weights: (rings) => weights.of(particles, rings),
    };
  }

  /** @throws InputError naming the first particle of which a number is not finite */
  private finite(rows: Int32Array, numbers: Float32Array): Float32Array {
    const broken = numbers.findIndex((value) => !Number.isFinite(value));
    if (broken < 0) return numbers;
    const row = rows[Math.floor(broken / (numbers.length / rows.length))]!;
    throw new InputError(
      `particle ${Math.floor(row / this.units.count)}`,
      "a finite gradient of its agreement with the model",
    );
  }
}
