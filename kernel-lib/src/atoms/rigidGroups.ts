import { InputError } from "../errors";
import type { AtomModel } from "./atomModel";
import type { AtomPairs } from "./bonds";
import { moveRigidly, rigidFit } from "./rigidFit";

/**
 * Which parts of a model move as rigid bodies: `chains` for each chain, or groups of ranges such as
 * `A:1-29+A:68-117,A:30-67`: groups are separated by commas, the ranges of a group by plus signs; a range is a chain, one
 * residue of it or all from one residue to another. Atoms in no group stay flexible, and so do the residues at the joint of
 * two groups, so that no bond is torn.
 */
export type RigidGroups = string;

/**
 * The rigid group of each atom, -1 for none.
 * @throws InputError for a text that is no list of ranges, a range without atoms, and an atom in two groups
 */
export function rigidGroups(model: AtomModel, groups: RigidGroups): Int32Array {
  const group = new Int32Array(model.count).fill(-1);
  if (groups.trim() === "chains") {
    const chains = [...new Set(model.chains)];
    return group.map((_, i) => chains.indexOf(model.chains[i]!));
  }
  groups.split(",").forEach((text, g) => {
    for (const part of text.split("+")) {
      let found = 0;
      const contains = rangeOf(part.trim());
      for (let i = 0; i < model.count; i++) {
        if (!contains(model.chains[i]!, model.residueNumbers[i]!)) continue;
        if (group[i]! >= 0 && group[i] !== g) throw inTwoGroups(model, i);
        group[i] = g;
        found++;
      }
      if (found === 0) throw new InputError(`rigid: ${part.trim()}`, `residues of ${model.file}`, "none");
    }
  });
  return group;
}

function inTwoGroups({ chains, residueNumbers }: AtomModel, i: number): InputError {
  const residue = `${chains[i]}:${residueNumbers[i]}`;
  return new InputError("rigid", "groups without common residues", `${residue} in two`);
}

/** `A`, `A:12`, `A:12-80`, with negative numbers too. */
function rangeOf(text: string): (chain: string, residue: number) => boolean {
  const [, chain, first, last] = /^([^:,+\s]*)(?::(-?\d+)(?:-(-?\d+))?)?$/.exec(text) ?? [];
  if (chain === undefined || (chain === "" && first === undefined)) {
    throw new InputError("rigid", "chains, or ranges such as A, A:12 or A:12-80", `"${text}"`);
  }
  if (first === undefined) return (other) => other === chain;
  const [from, to] = [Number(first), Number(last ?? first)];
  return (other, residue) => other === chain && residue >= from && residue <= to;
}

/**
 * Flags atoms that keep their place in a rigid group, [atoms]: all but those of residues that are bonded to a residue of
 * another group.
 */
export function heldAtoms({ residues }: AtomModel, group: Int32Array, bonds: AtomPairs): Uint8Array {
  const joints = new Set<number>();
  for (let b = 0; b < bonds.atoms.length; b += 2) {
    const [i, j] = [bonds.atoms[b]!, bonds.atoms[b + 1]!];
    if (group[i] !== group[j]) joints.add(residues[i]!).add(residues[j]!);
  }
  return Uint8Array.from(group, (g, i) => Number(g >= 0 && !joints.has(residues[i]!)));
}

/** Replaces the carried positions of each group by the rigid motion that fits them best, in place. */
export function moveGroups(model: AtomModel, group: Int32Array, positions: Float64Array): void {
  const members = new Map<number, number[]>();
  group.forEach((g, i) => {
    if (g < 0) return;
    if (members.has(g)) members.get(g)!.push(i);
    else members.set(g, [i]);
  });
  for (const indices of members.values()) {
    const weights = new Float64Array(indices.length).fill(1);
    const fit = rigidFit({ before: model.positions, after: positions, indices, weights });
    for (const i of indices) moveRigidly(fit, model.positions, i, positions);
  }
}
