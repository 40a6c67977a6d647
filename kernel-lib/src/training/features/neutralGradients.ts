import type { ProjectionEngine } from "../../projection/engine";
import { batchOfRows, type LoadedRows } from "../posterior/batchCache";
import type { ProjectionContext } from "../projectionContext";
import { onBase } from "../secondRound/baseModels";
import { UnitAssembly } from "../units/unitAssembly";

/** Particles whose scores are differentiated in the neutral model. */
export interface GradientBatch {
  context: Pick<ProjectionContext, "neutral" | "base" | "units">;
  particles: LoadedRows;
  /** Ring weights of the particles up to a ring, [B · (rings + 1)]. */
  weights: (rings: number) => Float32Array;
}

/**
 * Gradients of the scores of particles in the neutral model, for each unit in its own frame, one block [5m] for each outermost ring,
 * [B · units · blocks · 5m].
 */
export async function neutralGradients(
  engine: ProjectionEngine,
  { context, particles, weights }: GradientBatch,
  rings: readonly number[],
): Promise<Float32Array> {
  const { neutral, units = new UnitAssembly() } = context;
  const batch = { ...batchOfRows(particles), model: onBase(context, particles.particles, neutral.params) };
  const m = neutral.count / units.count;
  const block = 5 * m;
  const out = new Float32Array(batch.count * units.count * block * rings.length);
  for (const [k, last] of rings.entries()) {
    const { modelGradient } = await engine.evaluate(batch, {
      ...{ boxSize: neutral.boxSize, rings: last, ringWeights: weights(last) },
      gradient: { model: true },
    });
    const own = units.ofUnits(modelGradient!, m);
    for (let row = 0; row * block < own.length; row++) {
      out.set(own.subarray(row * block, (row + 1) * block), (row * rings.length + k) * block);
    }
  }
  return out;
}
