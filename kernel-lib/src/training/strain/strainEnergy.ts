import type { GaussianModel } from "../../model/gaussianModel";
import { neighbourGraph } from "./neighbourGraph";

/** Relative strain beyond which a pair pulls no harder: rigid domains are free, hinges are cheap. */
const knee = 0.05;

/**
 * Gaussians that are neighbours in the neutral model move alike: the Huber function of the relative strain of each pair of
 * neighbours, E = Σ l·H((d − d₀)/l), with distances d in the decoded and d₀ in the neutral model, l = d₀ unless the two nearly
 * coincide, and H(e) = e²/2k up to the knee k = 5 %, |e| − k/2 beyond. Every pair that is strained by more pulls with a
 * force of 1, whatever its length. A rigid motion costs nothing, and of domains only their hinge.
 */
export class StrainEnergy {
  private readonly count: number;
  /** Two Gaussians for each pair, [2 · pairs]. */
  readonly pairs: Int32Array;
  /** Distance d₀ of each pair, box units. */
  readonly lengths: Float64Array;
  /** 1/(l·k) */
  readonly stiffness: Float64Array;

  /** @param free 1 for each Gaussian that may move, [N]. Default: all may */
  constructor(neutral: GaussianModel, free?: Uint8Array) {
    const { pairs, lengths, spacing } = neighbourGraph(neutral, free);
    this.count = neutral.count;
    this.pairs = pairs;
    this.lengths = lengths;
    // A model without any distance between its Gaussians has no strain.
    const least = spacing / 2;
    this.stiffness = lengths.map((length) => (length + least > 0 ? 1 / (knee * Math.max(length, least)) : 0));
  }

  /** Energy of a model, box units, [5N]. */
  energy(model: Float32Array | Float64Array): number {
    const { pairs, lengths, stiffness, count: n } = this;
    let energy = 0;
    for (let p = 0; p < lengths.length; p++) {
      const [i, j] = [pairs[2 * p]!, pairs[2 * p + 1]!];
      const distance = Math.hypot(...[0, n, 2 * n].map((row) => model[row + i]! - model[row + j]!));
      const stretch = Math.abs(distance - lengths[p]!);
      const force = stretch * stiffness[p]!;
      energy += force < 1 ? (force * stretch) / 2 : stretch - 1 / (2 * stiffness[p]!);
    }
    return energy;
  }

  /**
   * Adds the gradient of the energy in the centres of some models.
   * @param models   [B · 5N]
   * @param gradient [B · 5N]
   * @param weight   factor on what is added
   */
  addGradient<T extends Float32Array | Float64Array>(models: T, gradient: T, weight: number): void {
    const { pairs, lengths, stiffness, count: n } = this;
    for (let at = 0; at < models.length; at += 5 * n) {
      for (let p = 0; p < lengths.length; p++) {
        const i = at + pairs[2 * p]!;
        const j = at + pairs[2 * p + 1]!;
        const dx = models[i]! - models[j]!;
        const dy = models[n + i]! - models[n + j]!;
        const dz = models[2 * n + i]! - models[2 * n + j]!;
        const distance = Math.sqrt(dx * dx + dy * dy + dz * dz);
        if (distance === 0) continue;
        const force = Math.max(-1, Math.min(1, (distance - lengths[p]!) * stiffness[p]!));
        const pull = (weight * force) / distance;
        gradient[i]! += pull * dx;
        gradient[n + i]! += pull * dy;
        gradient[2 * n + i]! += pull * dz;
        gradient[j]! -= pull * dx;
        gradient[n + j]! -= pull * dy;
        gradient[2 * n + j]! -= pull * dz;
      }
    }
  }
}
