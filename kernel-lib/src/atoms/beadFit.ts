import { minimize } from "../model/lbfgs";
import { type Blobs, overlap, overlapLists, overlaps, reach } from "./blobs";
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

  /**
   * Energy and gradient near given centres.
   * @internal
   */
  objective(near: Float64Array, target: Blobs): (centres: Float64Array, gradient: Float64Array) => number {
    const moved = { ...this.beads, centres: near };
    const withTarget = productsOf(moved, target, overlapLists(moved, target, slack));
    // Every pair once
    const withBeads = productsOf(
      moved,
      moved,
      overlapLists(moved, moved, slack, (i, j) => j < i),
    );
    return (centres, gradient) => {
      gradient.fill(0);
      const attraction = addProducts(withTarget, -this.scale, { centres, others: target.centres, gradient });
      const repulsion = addProducts(withBeads, this.scale, { centres, others: centres, gradient });
      // The constant keeps the value positive, as the minimizer's tolerance is relative.
      return attraction + repulsion + this.beads.count + this.network.add(centres, gradient);
    };
  }
}

/** Lists of neighbours are made anew after each. */
const rounds = 2;
const minimization = { maxIterations: 40, tolerance: 1e-5, firstStep: 0.3 };
/** In Å: how much nearer two blobs may come before their pair is missed. */
const slack = 1.5;

/** Overlaps of pairs as functions of the squared distance d²: factor · exp(−rate · d²). */
interface Products extends NeighbourLists {
  factors: Float64Array;
  rates: Float64Array;
}

function productsOf(a: Blobs, b: Blobs, { starts, indices }: NeighbourLists): Products {
  const factors = new Float64Array(indices.length);
  const rates = new Float64Array(indices.length);
  for (let i = 0; i < a.count; i++) {
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      factors[at] = overlap(a, i, b, indices[at]!, 0);
      rates[at] = 0.5 / (a.variances[i]! + b.variances[indices[at]!]!);
    }
  }
  return { starts, indices, factors, rates };
}

/** Centres of the first and the second blobs of pairs. */
interface PairCentres {
  centres: Float64Array;
  /** The same array if the pairs are among the first blobs. */
  others: Float64Array;
  /** Gradient with respect to `centres`. */
  gradient: Float64Array;
}

/** The sum of scale · overlap; adds its gradient. */
function addProducts(products: Products, scale: number, { centres, others, gradient }: PairCentres): number {
  const { starts, indices, factors, rates } = products;
  const within = centres === others;
  let sum = 0;
  for (let i = 0; i < starts.length - 1; i++) {
    const [x, y, z] = [centres[3 * i]!, centres[3 * i + 1]!, centres[3 * i + 2]!];
    let [gx, gy, gz] = [0, 0, 0];
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      const j = 3 * indices[at]!;
      const [dx, dy, dz] = [x - others[j]!, y - others[j + 1]!, z - others[j + 2]!];
      const exponent = rates[at]! * (dx * dx + dy * dy + dz * dz);
      if (exponent > negligible) continue;
      const value = scale * factors[at]! * Math.exp(-exponent);
      sum += value;
      const pull = -2 * rates[at]! * value;
      gx += pull * dx;
      gy += pull * dy;
      gz += pull * dz;
      if (!within) continue;
      gradient[j]! -= pull * dx;
      gradient[j + 1]! -= pull * dy;
      gradient[j + 2]! -= pull * dz;
    }
    gradient[3 * i]! += gx;
    gradient[3 * i + 1]! += gy;
    gradient[3 * i + 2]! += gz;
  }
  return sum;
}

/** Exponent beyond which an overlap is not counted. */
const negligible = reach ** 2 / 2;
