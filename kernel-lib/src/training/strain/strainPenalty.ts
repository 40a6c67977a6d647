import type { GaussianHead } from "../../network/head";
import { StrainEnergy } from "./strainEnergy";

/** Fraction of the particles of a step, which are in random order, on which it is computed. */
const sampled = 0.25;

/**
 * The penalty on strain in training. Its weight follows from the gradient of the score in the centres: the mean over the
 * particles of what noise contributes to it is about its root mean square / √particles, and a pair of neighbours that are
 * strained by more than the knee pulls with a multiple of that. So it holds what only noise would move, and weighs less the more
 * particles there are.
 */
export class StrainPenalty {
  readonly energy: StrainEnergy;

  /**
   * @param head    of a unit
   * @param weight  multiple of the gradient's noise
   * @param rows    training rows: particles, with a symmetry their units
   */
  constructor(
    private readonly head: GaussianHead,
    private readonly weight: number,
    private readonly rows: number,
  ) {
    this.energy = new StrainEnergy(head.neutral, head.free);
  }

  /**
   * Takes the penalty's gradient away from the gradient of the score, for some of the particles with so much more weight: it
   * varies little from one particle to the next.
   * @param models   [B · 5N]
   * @param gradient of the score, [B · 5N]
   */
  subtract(models: Float32Array, gradient: Float32Array): void {
    const width = this.head.neutral.params.length;
    const { some, factor } = this.share(models.length / width);
    const own = gradient.subarray(0, some * width);
    const force = centreForce(own, this.head.neutral.count);
    this.energy.addGradient(models.subarray(0, some * width), own, -factor * force);
  }

  /**
   * The first rows of a batch, on which the penalty is computed, and the factor of the penalty's gradient on them before that by the
   * root mean square of the score's gradient in a centre.
   */
  share(batch: number): { some: number; factor: number } {
    const some = Math.ceil(batch * sampled);
    return { some, factor: (this.weight * batch) / (some * Math.sqrt(this.rows)) };
  }
}

/** Root mean square of the gradient in a centre, [B · 5N]. */
function centreForce(gradient: Float32Array, n: number): number {
  let sum = 0;
  for (let at = 0; at < gradient.length; at += 5 * n) {
    for (let i = at; i < at + 3 * n; i++) sum += gradient[i]! * gradient[i]!;
  }
  return Math.sqrt((5 * sum) / gradient.length);
}
