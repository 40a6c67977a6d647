import { InputError, throwIfStopped } from "../errors";
import type { TaskOptions } from "../progress";
import { ParticleBatches } from "./batches";
import { particlesPerPass } from "./memory";
import type { ProjectionContext } from "./projectionContext";
import { onBase } from "./secondRound/baseModels";

/**
 * FRC of the neutral model, or of its own base, with each particle in each ring, [particles · (rings + 1)]; column 0 is 0.
 * @throws InputError naming the first particle and ring whose FRC is not finite
 */
export async function neutralFrc(
  context: ProjectionContext,
  options: TaskOptions = {},
): Promise<Float32Array> {
  const { targets, neutral, engine } = context;
  const batches = new ParticleBatches(targets);
  const width = targets.rings + 1;
  const all = new Float32Array(targets.count * width);
  const uniform = new Float32Array(width).fill(1 / targets.rings);
  for (const indices of batches.chunks(particlesPerPass(neutral.count))) {
    throwIfStopped(options.signal);
    const batch = await batches.load(indices, neutral.count, onBase(context, indices, neutral.params));
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
        "a finite correlation with the neutral model; check its image, pose and CTF, and the model, for numbers that are not finite",
        String(frc[broken]),
      );
    }
    all.set(frc, indices[0]! * width);
    options.onProgress?.({
      task: "comparing particles with the neutral model",
      done: indices.at(-1)! + 1,
      total: targets.count,
    });
  }
  return all;
}

/** Mean FRC of some particles in each ring, [width], from the FRC of all particles, [particles · width]. */
export function meanFrcOf(frc: Float32Array, width: number, particles: ArrayLike<number>): Float64Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < particles.length; i++) {
    const at = particles[i]! * width;
    for (let r = 0; r < width; r++) mean[r]! += frc[at + r]! / particles.length;
  }
  return mean;
}
