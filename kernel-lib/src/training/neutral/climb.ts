import { throwIfStopped } from "../../errors";
import { FitVariables, type SigmaBounds } from "../../model/fitVariables";
import type { GaussianModel } from "../../model/gaussianModel";
import type { Random } from "../../random";
import { batchEnds } from "../batches";
import { BatchReader } from "../batchReader";
import type { ParticleScore, Scoring } from "./particleScore";

/** Particles of a step. */
const batchSize = 128;
/** Decay of the moments of Adam (Kingma and Ba, 2015). */
const [beta1, beta2, epsilon] = [0.9, 0.99, 1e-12];

/** What {@link climb} depends on. */
export interface Climb extends Scoring {
  /** Particles that steps draw from. */
  particles: Int32Array;
  bounds: SigmaBounds;
  /** Number of steps. */
  steps: number;
  /** Length of the first steps, in units of `FitVariables`; it falls to a twentieth. */
  rate: number;
  random: Random;
  signal?: AbortSignal | undefined;
  /** Called after each step with the mean score of its particles. */
  onStep?: (step: number, score: number) => void;
}

/**
 * Raises the mean score of particles in batches of 128 by Adam: moves centres and changes amplitudes and widths, in place. The
 * time depends on the number of steps, not on that of the particles.
 * @throws StoppedError
 */
export async function climb(score: ParticleScore, model: GaussianModel, task: Climb): Promise<void> {
  const { steps, rate, signal } = task;
  const variables = new FitVariables(model, task.bounds, true);
  const { x } = variables;
  const modelGradient = new Float64Array(5 * model.count);
  const gradient = new Float64Array(x.length);
  const first = new Float64Array(x.length);
  const second = new Float64Array(x.length);
  const reader = new BatchReader((indices, buffer) => score.read(indices, buffer), {
    batchSize,
    rings: task.weights.rings,
  });
  const batches = drawBatches(task.particles, task.random);
  let next = reader.read(batches.next().value!);
  for (let step = 1; step <= steps; step++) {
    throwIfStopped(signal);
    const { indices, batch } = next;
    const read = { batch: await batch, particles: indices };
    if (step < steps) next = reader.read(batches.next().value!);
    const mean = await score.gradient(read, model, task, modelGradient);
    variables.chain(modelGradient, gradient);
    const length = rate * (0.05 + 0.475 * (1 + Math.cos((Math.PI * (step - 1)) / steps)));
    for (let i = 0; i < x.length; i++) {
      first[i] = beta1 * first[i]! + (1 - beta1) * gradient[i]!;
      second[i] = beta2 * second[i]! + (1 - beta2) * gradient[i]! ** 2;
      const m = first[i]! / (1 - beta1 ** step);
      const v = second[i]! / (1 - beta2 ** step);
      x[i]! += (length * m) / (Math.sqrt(v) + epsilon);
    }
    variables.unpack(x);
    task.onStep?.(step, mean);
  }
}

/** Batches without end: all particles in random order, again and again. */
function* drawBatches(particles: Int32Array, random: Random): Generator<Int32Array, never> {
  for (;;) {
    const order = random.permutation(particles.length);
    let from = 0;
    for (const end of batchEnds(particles.length, batchSize)) {
      yield Int32Array.from(order.slice(from, end), (i) => particles[i]!);
      from = end;
    }
  }
}
