import { InputError } from "../errors";
import { symmetryCorrelation } from "../maps/symmetry";
import type { Volume } from "../maps/volume";
import { type PointGroup, pointGroup, turned } from "../optics/symmetry";
import type { Vector3 } from "./gaussianModel";
import { isInside } from "./regions";
import type { Inside } from "./seeding";

/** A position of which no two copies are the same, in any group. */
const generic: Vector3 = [0.31, 0.17, 0.07];
/** Correlation of a map with itself turned, below which it has not the symmetry, and below which that is doubtful. */
const noSymmetry = 0.3;
const doubtful = 0.8;

/** A point group by its name; undefined if it has one operator only. @throws InputError for an unknown name */
export function groupOf(symmetry: string | undefined): PointGroup | undefined {
  const group = symmetry === undefined ? undefined : pointGroup(symmetry);
  return group && group.order > 1 ? group : undefined;
}

/** Whether a position, or one of its copies, lies in a mask and in the box. */
export function insideMask(mask: Volume | undefined, group: PointGroup | undefined): Inside {
  if (!group) return (x, y, z) => isInside(mask, x, y, z);
  return (x, y, z) =>
    isInside(undefined, x, y, z) &&
    (!mask || group.operators.some((operator) => isInside(mask, ...turned(operator, [x, y, z]))));
}

/** Those of the positions that lie in one unit, any of the possible ones. */
export function insideUnit(inside: Inside, { operators }: PointGroup): Inside {
  const [own, ...others] = operators.map((operator) => turned(operator, generic));
  const along = ([a, b, c]: Vector3, [x, y, z]: Vector3) => a * x + b * y + c * z;
  return (x, y, z) =>
    inside(x, y, z) && others.every((other) => along(other, [x, y, z]) <= along(own!, [x, y, z]));
}

/**
 * Warnings about a map that hardly has a symmetry.
 * @param name what to call the map
 * @throws InputError if it has it not at all
 */
export function symmetryWarnings(map: Volume, group: PointGroup, name = "map"): string[] {
  const correlation = symmetryCorrelation(map, group);
  const found = `a correlation of ${correlation.toFixed(2)} with itself turned`;
  if (correlation < noSymmetry) {
    const expected = `symmetry ${group.name} about its centre, in RELION's orientation (the n-fold axis of Cn and Dn along z)`;
    throw new InputError(name, expected, found);
  }
  if (correlation >= doubtful) return [];
  return [
    `the map has symmetry ${group.name} only in part, ${found}: the model describes its symmetric part`,
  ];
}
