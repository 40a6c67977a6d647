import { type AtomModel, polymerFlags } from "./atomModel";
import { elementOf } from "./elements";

/**
 * An atomic model as blobs of density: the backbone and the side chain of each residue, or pieces of a ligand. There is
 * about one for as much volume as a Gaussian of a model at 4 to 5 Å has.
 */
export interface Beads {
  count: number;
  /** Centres in Å, [count · 3]. */
  centres: Float64Array;
  /** Electrons, with occupancy, [count]. */
  electrons: Float64Array;
  /** Variance of the atoms' positions along an axis in Å², [count]. */
  variances: Float64Array;
  /** Residue of each bead, [count]; -1 for beads outside of polymers. */
  polymerResidues: Int32Array;
  /** Residue of each bead, [count]. */
  residues: Int32Array;
  /** First atom of each bead, [count]. */
  firstAtoms: Int32Array;
  /** Bead of each atom, [atoms]. */
  ofAtom: Int32Array;
}

/** Atoms of the backbone of proteins; of nucleic acids it is those of phosphate and sugar. */
const backbone = new Set(
  "N CA C O CB OXT OT1 OT2 H HN H1 H2 H3 HA HA2 HA3 HT1 HT2 HT3 P OP1 OP2 OP3 O1P O2P O3P".split(" "),
);

const isBackbone = (name: string) => backbone.has(name) || name.endsWith("'") || name.endsWith("*");

/** Atoms of one bead outside of polymers. */
const pieceSize = 8;

/** Divides a model into beads. */
export function beadsOf(model: AtomModel): Beads {
  const { count, positions, residues, names, alternates, occupancies, elements } = model;
  const polymer = polymerFlags(model);
  const ofAtom = new Int32Array(count);
  const firstAtoms: number[] = [];
  const open = new Map<string, number>();
  let atomsOfResidue = 0;
  for (let i = 0; i < count; i++) {
    if (i === 0 || residues[i] !== residues[i - 1]) {
      open.clear();
      atomsOfResidue = 0;
    }
    const piece = Math.floor(atomsOfResidue++ / pieceSize);
    const key = !polymer[i] ? String(piece) : isBackbone(names[i]!) ? "backbone" : "side chain";
    if (!open.has(key)) {
      open.set(key, firstAtoms.length);
      firstAtoms.push(i);
    }
    ofAtom[i] = open.get(key)!;
  }
  const weights = Float64Array.from({ length: count }, (_, i) => {
    const share = alternates[i] === "" ? 1 : Math.min(Math.max(occupancies[i]!, 0.01), 1);
    return share * elementOf(elements[i]!).number;
  });
  return {
    count: firstAtoms.length,
    firstAtoms: Int32Array.from(firstAtoms),
    ofAtom,
    residues: Int32Array.from(firstAtoms, (i) => residues[i]!),
    polymerResidues: Int32Array.from(firstAtoms, (i) => (polymer[i] ? residues[i]! : -1)),
    ...moments(positions, { ofAtom, weights, count: firstAtoms.length }),
  };
}

function moments(
  positions: Float64Array,
  { ofAtom, weights, count }: { ofAtom: Int32Array; weights: Float64Array; count: number },
): Pick<Beads, "centres" | "electrons" | "variances"> {
  const centres = new Float64Array(3 * count);
  const electrons = new Float64Array(count);
  const variances = new Float64Array(count);
  ofAtom.forEach((bead, i) => {
    electrons[bead]! += weights[i]!;
    for (let axis = 0; axis < 3; axis++) centres[3 * bead + axis]! += weights[i]! * positions[3 * i + axis]!;
  });
  for (let k = 0; k < 3 * count; k++) centres[k]! /= electrons[Math.floor(k / 3)]!;
  ofAtom.forEach((bead, i) => {
    for (let axis = 0; axis < 3; axis++) {
      const offset = positions[3 * i + axis]! - centres[3 * bead + axis]!;
      variances[bead]! += (weights[i]! * offset ** 2) / (3 * electrons[bead]!);
    }
  });
  return { centres, electrons, variances };
}
