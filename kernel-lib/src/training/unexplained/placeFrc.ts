import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { gatherRows, ParticleBatches } from "../batches";
import { particlesPerPass } from "../memory";
import type { PlaceDecoder } from "../posterior/decoders";
import type { ProjectionContext } from "../projectionContext";

/** FRC of every particle with the model at its place, in each ring, [particles · (rings + 1)]. @param places [particles · latent] */
export async function placeFrc(
  { targets, neutral, engine }: ProjectionContext,
  decoder: PlaceDecoder,
  places: Float32Array,
  options: TaskOptions = {},
): Promise<Float32Array> {
  const batches = new ParticleBatches(targets);
  const { rings, count: total } = targets;
  const all = new Float32Array(total * (rings + 1));
  const ringWeights = new Float32Array(rings + 1).fill(1 / rings);
  for (const particles of batches.chunks(particlesPerPass(neutral.count))) {
    throwIfStopped(options.signal);
    const models = decoder.decode(gatherRows(places, decoder.latent, particles), particles.length);
    const batch = await batches.load(particles, neutral.count, models);
    const { frc } = await engine.evaluate(batch, { boxSize: neutral.boxSize, rings, ringWeights });
    all.set(frc, particles[0]! * (rings + 1));
    const task = "comparing particles with the models at their places";
    options.onProgress?.({ task, done: particles.at(-1)! + 1, total });
  }
  return all;
}
