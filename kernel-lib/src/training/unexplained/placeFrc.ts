import { throwIfStopped } from "../../errors";
import type { TaskOptions } from "../../progress";
import { gatherRows, ParticleBatches } from "../batches";
import { particlesPerPass } from "../memory";
import type { PlaceDecoder } from "../posterior/decoders";
import type { ProjectionContext } from "../projectionContext";
import { onBase } from "../secondRound/baseModels";

/** FRC of every particle with the model at its place, in each ring, [particles · (rings + 1)]. @param places [particles · latent] */
export async function placeFrc(
  context: ProjectionContext,
  decoder: PlaceDecoder,
  places: Float32Array,
  options: TaskOptions = {},
): Promise<Float32Array> {
  const { targets, neutral, engine } = context;
  const batches = new ParticleBatches(targets);
  const { rings, count: total } = targets;
  const all = new Float32Array(total * (rings + 1));
  const ringWeights = new Float32Array(rings + 1).fill(1 / rings);
  for (const particles of batches.chunks(particlesPerPass(neutral.count))) {
    throwIfStopped(options.signal);
    const changed = decoder.decode(gatherRows(places, decoder.latent, particles), particles.length);
    const models = onBase(context, particles, changed);
    const batch = await batches.load(particles, neutral.count, models);
    const { frc } = await engine.evaluate(batch, { boxSize: neutral.boxSize, rings, ringWeights });
    all.set(frc, particles[0]! * (rings + 1));
    const task = "comparing particles with the models at their places";
    options.onProgress?.({ task, done: particles.at(-1)! + 1, total });
  }
  return all;
}
