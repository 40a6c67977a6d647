import { mismatch, type Trait } from "tslab-widgets/traits";
import { boxLengthOf, type GaussianModel } from "../../model/gaussianModel";

/** A sphere or box that adds Gaussians to a region or subtracts them. Lengths in Å, positions from the middle of the box. */
export type MaskShape = { mode: "add" | "subtract"; centre: readonly [number, number, number] } & (
  | { kind: "sphere"; radius: number }
  /** `size` are the full lengths of the edges. */
  | { kind: "box"; size: readonly [number, number, number] }
);

function isVector(value: unknown): value is [number, number, number] {
  return Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
}

function isMaskShape(value: unknown): value is MaskShape {
  if (typeof value !== "object" || value === null) return false;
  const { mode, kind, centre, radius, size } = value as Record<string, unknown>;
  if ((mode !== "add" && mode !== "subtract") || !isVector(centre)) return false;
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
    for (let i = 0; i < count; i++) {
      const [dx, dy, dz] = shape.centre.map((c, axis) => params[axis * count + i]! * boxLength - c) as [
        number,
        number,
        number,
      ];
      const inside =
        shape.kind === "sphere"
          ? Math.hypot(dx, dy, dz) <= shape.radius
          : [dx, dy, dz].every((d, axis) => Math.abs(d) <= shape.size[axis]! / 2);
      if (inside) flags[i] = value;
    }
  }
  return flags;
}
