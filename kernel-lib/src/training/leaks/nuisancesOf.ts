import { eulerFromRotation } from "../../optics/pose";
import { particleColumn } from "../../particles/particleColumns";
import type { ParticleSet } from "../../particles/particleSet";
import type { Nuisance } from "./nuisance";

/** Columns in which programs name the micrograph of a particle. */
const micrographColumns = ["rlnMicrographName", "location/micrograph_uid", "location/micrograph_path"];

/**
 * What the places of these particles must not depend on: view, in-plane angle, shift, defocus, optics group, micrograph and random
 * subset, as far as the file has them, and columns of the file.
 * @param columns names of further columns, as in `particles.columns`
 * @throws InputError for a column that is not in the file
 */
export function nuisancesOf(set: ParticleSet, columns: readonly string[] = []): Nuisance[] {
  const { count } = set;
  const found: Nuisance[] = [];
  const add = (name: string, kind: Nuisance["kind"], values: ArrayLike<number>) => {
    found.push({ name, kind, values });
  };
  const numbers = (value: (i: number) => number) => Float64Array.from({ length: count }, (_, i) => value(i));
  if (set.hasPoses) {
    const [rotations, shifts] = [set.rotations(), set.shifts()];
    // The third row is the direction of the beam in the molecule's frame.
    const views = Float64Array.from({ length: 3 * count }, (_, k) => {
      return rotations[9 * Math.floor(k / 3) + 6 + (k % 3)]!;
    });
    add("view", "direction", views);
    add(
      "in-plane angle",
      "angle",
      numbers((i) => eulerFromRotation(rotations, 9 * i).psi),
    );
    add(
      "shift x",
      "number",
      numbers((i) => shifts[2 * i]!),
    );
    add(
      "shift y",
      "number",
      numbers((i) => shifts[2 * i + 1]!),
    );
    add(
      "shift length",
      "number",
      numbers((i) => Math.hypot(shifts[2 * i]!, shifts[2 * i + 1]!)),
    );
  }
  if (set.hasCtf) {
    const mean = (i: number) => (set.ctf(i)!.defocusU + set.ctf(i)!.defocusV) / 2;
    add("defocus", "number", numbers(mean));
  }
  const groups = new Map(set.opticsGroups.map((group, at) => [group, at]));
  add(
    "optics group",
    "groups",
    numbers((i) => groups.get(set.opticsGroup(i))!),
  );
  const micrographs = micrographColumns.find((name) => set.hasColumn(name));
  if (micrographs !== undefined) add("micrograph", "groups", set.categories(micrographs).codes);
  const halves = set.randomSubset;
  if (halves) add("random subset", "groups", halves);
  for (const name of columns) {
    const column = particleColumn(set, name);
    if (column.kind === "number") add(name, "number", column.values);
    else add(name, "groups", column.codes);
  }
  return found;
}
