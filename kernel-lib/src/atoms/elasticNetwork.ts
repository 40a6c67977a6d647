import type { Beads } from "./beads";
import { CellGrid } from "./cellGrid";

/** In Å: beads farther apart are not connected. */
const cutoff = 10;
/** Energy per Å² of the weakest spring, for one bead's share of the density as unit. */
const stiffness = 1.2e-3;
/** In Å: springs are stretched by more at little cost, so that domains part and hinges bend. */
const knee = 0.3;
/** In Å: the knee of springs within a rigid group. */
const rigidKnee = 10;

/** Strength of springs within a rigid group. */
const rigidStrength = 100;

/** How strong springs are, by the distance along the chain. */
function strengthOf({ residues, polymerResidues }: Beads, i: number, j: number): number {
  if (residues[i] === residues[j]) return 30;
  const apart = Math.abs(polymerResidues[i]! - polymerResidues[j]!);
  if (polymerResidues[i]! < 0 || polymerResidues[j]! < 0) return 1;
  return apart <= 1 ? 30 : apart <= 4 ? 10 : 1;
}

/**
 * Springs between the beads of a model, w k² (√(1 + (d − d₀)²/k²) − 1): an elastic network (Tirion, Phys. Rev. Lett. 77,
 * 1905, 1996) whose springs are harmonic up to the knee k and cheap beyond, strong along the chain. Those within a rigid
 * group are stiff and harmonic.
 */
export class ElasticNetwork {
  private readonly pairs: Int32Array;
  private readonly lengths: Float64Array;
  private readonly strengths: Float64Array;
  private readonly knees: Float64Array;

  /** @param group rigid group of each bead, -1 for none, [beads]. Default: none */
  constructor(beads: Beads, group?: Int32Array) {
    const { centres, count } = beads;
    const grid = new CellGrid(centres, cutoff);
    const pairs: number[] = [];
    const lengths: number[] = [];
    const strengths: number[] = [];
    const knees: number[] = [];
    for (let i = 0; i < count; i++) {
      grid.near(centres[3 * i]!, centres[3 * i + 1]!, centres[3 * i + 2]!, (j, squared) => {
        if (j >= i) return;
        pairs.push(i, j);
        lengths.push(Math.sqrt(squared));
        const rigid = group !== undefined && group[i]! >= 0 && group[i] === group[j];
        strengths.push(stiffness * (rigid ? rigidStrength : strengthOf(beads, i, j)));
        knees.push(rigid ? rigidKnee : knee);
      });
    }
    this.pairs = Int32Array.from(pairs);
    this.lengths = Float64Array.from(lengths);
    this.strengths = Float64Array.from(strengths);
    this.knees = Float64Array.from(knees);
  }

  /** The energy of beads at given centres; adds its gradient. */
  add(centres: Float64Array, gradient: Float64Array): number {
    const { pairs, lengths, strengths, knees } = this;
    let energy = 0;
    for (let p = 0; p < lengths.length; p++) {
      const [i, j] = [3 * pairs[2 * p]!, 3 * pairs[2 * p + 1]!];
      const dx = centres[i]! - centres[j]!;
      const dy = centres[i + 1]! - centres[j + 1]!;
      const dz = centres[i + 2]! - centres[j + 2]!;
      const distance = Math.sqrt(dx * dx + dy * dy + dz * dz);
      const stretch = distance - lengths[p]!;
      const squaredKnee = knees[p]! ** 2;
      const root = Math.sqrt(1 + stretch ** 2 / squaredKnee);
      energy += strengths[p]! * squaredKnee * (root - 1);
      if (distance === 0) continue;
      const pull = (strengths[p]! * stretch) / (root * distance);
      gradient[i]! += pull * dx;
      gradient[i + 1]! += pull * dy;
      gradient[i + 2]! += pull * dz;
      gradient[j]! -= pull * dx;
      gradient[j + 1]! -= pull * dy;
      gradient[j + 2]! -= pull * dz;
    }
    return energy;
  }
}
