import { minimize } from "../model/lbfgs";
import { type Blobs, overlap, overlapLists, overlaps, squaredDistance } from "./blobs";
import type { NeighbourLists } from "./cellGrid";
import type { ElasticNetwork } from "./elasticNetwork";

/**
 * Places beads in the density of Gaussians: minimizes ½ ∫ (ρ − ρ_beads)² / ∫ ρ_beads² · beads + the energy of the elastic
 * network. Beads that overlap repel each other through ρ_beads², so that they fill the density and do not collapse
 * into its peaks. Every integral is a sum over pairs of Gaussians in closed form.
 */
export class BeadFit {
  /** Factor of the integrals: beads / ∫ ρ_beads² at the start. */
  private readonly scale: number;

  /**
   * @param beads   blurred beads at the start
   * @param network holds them together
   */
  constructor(
    private readonly beads: Blobs,
    private readonly network: ElasticNetwork,
  ) {
    this.scale = beads.count / overlaps(beads, beads).reduce((sum, value) => sum + value, 0);
  }

  /**
   * Moves beads into a density.
   * @param centres start; overwritten with the result, [beads · 3]
   */
  async place(centres: Float64Array, target: Blobs, signal: AbortSignal | undefined): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const evaluate = this.objective(centres, target);
      await minimize(centres, evaluate, { ...minimization, signal });
    }
  }

  /** The energy of beads at given centres. */
  energy(centres: Float64Array, target: Blobs): number {
    return this.objective(centres, target)(centres, new Float64Array(centres.length));
  }

  /** Energy and gradient near given centres. */
  /** @internal */
  objective(near: Float64Array, target: Blobs): (centres: Float64Array, gradient: Float64Array) => number {
    const moved = { ...this.beads, centres: near };
    const withTarget = overlapLists(moved, target, slack);
    const withBeads = overlapLists(moved, moved, slack);
    return (centres, gradient) => {
      gradient.fill(0);
      const beads = { ...this.beads, centres };
      const attraction = sumPairs(beads, target, { lists: withTarget, factor: -this.scale, gradient });
      // Every pair is listed twice.
      const repulsion = sumPairs(beads, beads, { lists: withBeads, factor: this.scale / 2, gradient });
      // The constant keeps the value positive, as the minimizer's tolerance is relative.
      return attraction + repulsion + this.beads.count + this.network.add(centres, gradient);
    };
  }
}

/** Lists of neighbours are made anew after each. */
const rounds = 2;
const minimization = { maxIterations: 40, tolerance: 2e-6, firstStep: 0.3 };
/** In Å: how much nearer two blobs may come before their pair is missed. */
const slack = 2;

/** Adds factor · overlap over listed pairs, and its gradient to that of `a`; pairs within `a` count from both sides. */
function sumPairs(
  a: Blobs,
  b: Blobs,
  { lists, factor, gradient }: { lists: NeighbourLists; factor: number; gradient: Float64Array },
): number {
  const { starts, indices } = lists;
  // ∂/∂c_i of a pair within the beads appears in the lists of both, each with half the factor.
  const slope = a.centres === b.centres ? 2 * factor : factor;
  let sum = 0;
  for (let i = 0; i < a.count; i++) {
    let [gx, gy, gz] = [0, 0, 0];
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      const j = indices[at]!;
      const value = overlap(a, i, b, j, squaredDistance(a.centres, i, b.centres, j));
      if (value === 0) continue;
      sum += factor * value;
      const pull = (slope * value) / (a.variances[i]! + b.variances[j]!);
      gx -= pull * (a.centres[3 * i]! - b.centres[3 * j]!);
      gy -= pull * (a.centres[3 * i + 1]! - b.centres[3 * j + 1]!);
      gz -= pull * (a.centres[3 * i + 2]! - b.centres[3 * j + 2]!);
    }
    gradient[3 * i]! += gx;
    gradient[3 * i + 1]! += gy;
    gradient[3 * i + 2]! += gz;
  }
  return sum;
}
