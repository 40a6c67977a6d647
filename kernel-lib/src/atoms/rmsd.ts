import { InputError } from "../errors";
import type { AtomModel } from "./atomModel";

/** Options of {@link atomRmsd}. */
export interface RmsdOptions {
  /** Only atoms of this name, such as `CA`. Default: all */
  name?: string;
  /** Positions of the atoms of the first model, [atoms · 3]. Default: its own */
  positions?: Float64Array;
}

/**
 * Root mean square distance in Å between the same atoms (chain, residue, insertion code, name, alternate place) of two
 * models, where they are, without superposition.
 * @throws InputError for no common atoms
 * @example
 * ```ts
 * const model = await e2.atoms.read("start.pdb");
 * console.log(e2.atoms.rmsd(model, model, { name: "CA" })); // 0
 * ```
 */
export function atomRmsd(model: AtomModel, other: AtomModel, options: RmsdOptions = {}): number {
  const { name, positions = model.positions } = options;
  const places = new Map(Array.from({ length: other.count }, (_, i) => [keyOf(other, i), i]));
  let [sum, count] = [0, 0];
  for (let i = 0; i < model.count; i++) {
    const j = places.get(keyOf(model, i));
    if (j === undefined || (name !== undefined && model.names[i] !== name)) continue;
    for (let axis = 0; axis < 3; axis++)
      sum += (positions[3 * i + axis]! - other.positions[3 * j + axis]!) ** 2;
    count++;
  }
  if (count === 0) throw new InputError(other.file, `atoms of ${model.file}`, "none");
  return Math.sqrt(sum / count);
}

const keyOf = ({ chains, residueNumbers, insertionCodes, names, alternates }: AtomModel, i: number) =>
  [chains[i], residueNumbers[i], insertionCodes[i], names[i], alternates[i]].join("|");
