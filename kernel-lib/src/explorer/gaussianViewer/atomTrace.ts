import { type AtomModel, polymerFlags } from "../../atoms/atomModel";
import { InputError } from "../../errors";
import type { GaussianModel } from "../../model/gaussianModel";
import { shorten } from "../../shortText";

/** The backbone of an atomic model: a point for each residue that has Cα or P, in the order of the file. */
export interface AtomTrace {
  /** Å from the middle of the model's box, x, y, z of each point in turn. */
  atoms: Float32Array;
  /** 1 for each point that is joined with the next one. */
  atomLinks: Uint8Array;
  /** Index of the chain of each point. */
  atomChains: Uint16Array;
  /** Names of the chains, in the order of the file. */
  atomChainNames: string[];
}

/** Atoms that stand for a residue, and Å between two of them that are bonded: Cα of proteins, P of nucleic acids. */
const backbone: Readonly<Record<string, number>> = { CA: 4.5, P: 8 };

/**
 * The backbone of an atomic model, in the frame in which a viewer draws a model of Gaussians.
 * @param frame the model of Gaussians, in whose map the atoms lie
 * @throws InputError for a model without Cα and P atoms in polymers
 */
export function atomTrace(model: AtomModel, frame: GaussianModel): AtomTrace {
  const { count, names, residues, chains, positions, elements } = model;
  const polymer = polymerFlags(model);
  const points: number[] = [];
  for (let i = 0; i < count; i++) {
    const name = names[i]!;
    // Calcium is called CA too
    if (!polymer[i] || backbone[name] === undefined || elements[i] !== (name === "CA" ? "C" : "P")) continue;
    // Of alternate places the first
    if (points.length > 0 && residues[points.at(-1)!] === residues[i]) continue;
    points.push(i);
  }
  if (points.length === 0)
    throw new InputError(shorten(model.file, 200), "Cα or P atoms of polymers", "none");
  const { boxSize, apix, origin = [0, 0, 0] } = frame;
  const middle = origin.map((o) => o + Math.floor(boxSize / 2) * apix);
  const chainNames = [...new Set(points.map((i) => chains[i]!))];
  const joined = (i: number, next: number | undefined): boolean => {
    if (next === undefined || chains[i] !== chains[next] || names[i] !== names[next]) return false;
    const apart = [0, 1, 2].map((axis) => positions[3 * i + axis]! - positions[3 * next + axis]!);
    return Math.hypot(...apart) <= backbone[names[i]!]!;
  };
  return {
    atoms: Float32Array.from({ length: 3 * points.length }, (_, k) => {
      const axis = k % 3;
      return positions[3 * points[(k - axis) / 3]! + axis]! - middle[axis]!;
    }),
    atomLinks: Uint8Array.from(points, (i, k) => Number(joined(i, points[k + 1]))),
    atomChains: Uint16Array.from(points, (i) => chainNames.indexOf(chains[i]!)),
    atomChainNames: chainNames,
  };
}
