import { InputError, throwIfStopped } from "../errors";
import type { GaussianModel } from "../model/gaussianModel";
import type { ParticleTargets } from "../particles/targets";
import type { TaskOptions } from "../progress";
import type { ProjectionEngine } from "../projection/engine";
import { ParticleBatches } from "./batches";
import { particlesPerPass } from "./memory";

/**
 * FRC of the neutral model with each particle in each ring, [particles · (rings + 1)], column 0 being 0.
 * @throws InputError naming the first particle and ring where it is no finite number
 */
export async function neutralFrc(
  targets: ParticleTargets,
  neutral: GaussianModel,
  engine: ProjectionEngine,
  task: TaskOptions = {},
): Promise<Float32Array> {
  const batches = new ParticleBatches(targets);
  const width = targets.rings + 1;
  const all = new Float32Array(targets.count * width);
  const uniform = new Float32Array(width).fill(1 / targets.rings);
  for (const indices of batches.inOrder(particlesPerPass(neutral.count))) {
    throwIfStopped(task.signal);
    const batch = await batches.load(indices, neutral.count, neutral.params);
    const { frc } = await engine.evaluate(batch, {
      boxSize: neutral.boxSize,
      rings: targets.rings,
      ringWeights: uniform,
    });
    const broken = frc.findIndex((value) => !Number.isFinite(value));
    if (broken >= 0) {
      const particle = indices[Math.floor(broken / width)]!;
      throw new InputError(
        `particle ${particle} (row ${particle + 1}), Fourier ring ${broken % width}`,
        "a finite correlation with the neutral model: its image, pose and CTF, and the model, have to be finite numbers",
        String(frc[broken]),
      );
    }
    all.set(frc, indices[0]! * width);
    task.onProgress?.({
      task: "neutral model against particles",
      done: indices.at(-1)! + 1,
      total: targets.count,
    });
  }
  return all;
}

/** Mean over some particles of their FRC in each ring, [rings + 1]. */
export function meanFrcOf(frc: Float32Array, width: number, particles: ArrayLike<number>): Float64Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < particles.length; i++) {
    const at = particles[i]! * width;
    for (let r = 0; r < width; r++) mean[r]! += frc[at + r]! / particles.length;
  }
  return mean;
}
