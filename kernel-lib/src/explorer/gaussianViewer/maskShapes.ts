import { mismatch, type Trait } from "tslab-widgets/traits";
import { boxLengthOf, type GaussianModel } from "../../model/gaussianModel";

/** A sphere or box that adds Gaussians to a region or subtracts them. Lengths in Å, positions from the middle of the box. */
export type SolidShape = { mode: "add" | "subtract"; centre: readonly [number, number, number] } & (
  | { kind: "sphere"; radius: number }
  /** `size` are the full lengths of the edges. */
  | { kind: "box"; size: readonly [number, number, number] }
);

/** Gaussians that were found otherwise, such as those of a chain, which are added to a region or subtracted. */
export interface ChosenGaussians {
  /** Whether they are added or subtracted. */
  mode: "add" | "subtract";
  /** What tells it from spheres and boxes. */
  kind: "gaussians";
  /** Where they come from, for people. */
  name: string;
  /** Their indices in the neutral model, from 0. */
  indices: readonly number[];
}

/** A part of a region: they are applied one after the other. */
export type MaskShape = SolidShape | ChosenGaussians;

function isVector(value: unknown): value is [number, number, number] {
  return Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
}

function isMaskShape(value: unknown): value is MaskShape {
  if (typeof value !== "object" || value === null) return false;
  const { mode, kind, centre, radius, size, name, indices } = value as Record<string, unknown>;
  if (mode !== "add" && mode !== "subtract") return false;
  if (kind === "gaussians") {
    return (
      typeof name === "string" &&
      Array.isArray(indices) &&
      indices.every((i) => i >= 0 && Number.isInteger(i))
    );
  }
  if (!isVector(centre)) return false;
  if (kind === "sphere") return Number.isFinite(radius) && (radius as number) > 0;
  return kind === "box" && isVector(size) && size.every((edge) => edge > 0);
}

/** Trait of shapes, in the order in which they are applied. */
export const maskShapes: Trait<readonly MaskShape[], readonly MaskShape[]> = {
  initial: () => [],
  accept(given) {
    if (Array.isArray(given) && given.every(isMaskShape)) return given;
    throw mismatch(
      'shapes such as { kind: "sphere", mode: "add", centre: [0, 0, 0], radius: 20 } or ' +
        '{ kind: "box", mode: "subtract", centre: [0, 0, 0], size: [20, 20, 40] } in Å',
      given,
    );
  },
};

/**
 * The Gaussians with their centres in a region, borders included: shapes are added or subtracted one after the other.
 * @returns 1 or 0 for each Gaussian
 */
export function gaussiansInShapes(model: GaussianModel, shapes: readonly MaskShape[]): Uint8Array {
  const { count, params } = model;
  const boxLength = boxLengthOf(model);
  const flags = new Uint8Array(count);
  for (const shape of shapes) {
    const value = shape.mode === "add" ? 1 : 0;
    if (shape.kind === "gaussians") {
      for (const i of shape.indices) if (i < count) flags[i] = value;
      continue;
    }
    for (let i = 0; i < count; i++) {
      const [x, y, z] = [0, 1, 2].map((axis) => params[axis * count + i]! * boxLength);
      if (isInSolid(shape, x!, y!, z!)) flags[i] = value;
    }
  }
  return flags;
}

/** Whether a place in Å from the middle of the box lies in a sphere or box, borders included. */
export function isInSolid(shape: SolidShape, x: number, y: number, z: number): boolean {
  const [cx, cy, cz] = shape.centre;
  const [dx, dy, dz] = [x - cx, y - cy, z - cz];
  if (shape.kind === "sphere") return Math.hypot(dx, dy, dz) <= shape.radius;
  const [ex, ey, ez] = shape.size;
  return 2 * Math.abs(dx) <= ex && 2 * Math.abs(dy) <= ey && 2 * Math.abs(dz) <= ez;
}
