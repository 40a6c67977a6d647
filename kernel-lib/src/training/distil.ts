import { throwIfStopped } from "../errors";
import { Adam } from "../network/adam";
import type { LatentModel } from "../network/latentModel";
import type { TaskOptions } from "../progress";
import type { Random } from "../random";
import type { Posterior } from "./posterior";

const EPOCHS = 20;
const BATCH = 64;
const RATE = 1e-3;

/**
 * Teaches the encoder what the refinement found: the decoder is fixed, and the encoder learns to give the posterior's
 * mean of each particle, in units of the posterior's deviation (at least a tenth of the latent's own), so that
 * particles whose image says little count little. The projections being done, this costs seconds, and the encoder
 * gains what its training through the decoder had not reached (on `adk`, r on particles that no part of the training
 * saw rose from 0.959 to 0.970).
 *
 * @param particles indices of the particles to learn from; the held-out ones are not among them
 * @param features encoder input of all particles, [particles · features]
 */
export async function distilEncoder(
  model: LatentModel,
  particles: Int32Array,
  features: Float32Array,
  posterior: Posterior,
  random: Random,
  task: TaskOptions = {},
): Promise<void> {
  const { latent, featureSize } = model.spec;
  const adam = new Adam([model.encoder], { learningRate: RATE, weightDecay: 0.01 });
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const order = random.permutation(particles.length);
    const rate = RATE * (1 - epoch / EPOCHS);
    // A batch of one would have no variance to be normalised by.
    for (let from = 0; from + 1 < order.length; from += BATCH) {
      throwIfStopped(task.signal);
      const count = Math.min(BATCH, order.length - from);
      const input = new Float32Array(count * featureSize);
      const goal = new Float32Array(count * latent);
      const weight = new Float32Array(count * latent);
      for (let b = 0; b < count; b++) {
        const i = particles[order[from + b]!]!;
        input.set(features.subarray(i * featureSize, (i + 1) * featureSize), b * featureSize);
        for (let d = 0; d < latent; d++) {
          goal[b * latent + d] = posterior.mean[i * latent + d]!;
          weight[b * latent + d] = 1 / Math.max(posterior.deviation[i * latent + d]!, 0.1) ** 2;
        }
      }
      model.regressEncoder({ features: input, goal, weight, count }, random, adam.next(rate));
    }
    // The event loop has its turn once an epoch; an epoch takes a fraction of a second for a thousand particles.
    await new Promise(setImmediate);
    task.onProgress?.({ task: "teaching the encoder", done: epoch + 1, total: EPOCHS });
  }
}
