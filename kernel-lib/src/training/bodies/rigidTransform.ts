import type { Vector3 } from "../../model/gaussianModel";
import { product, transposed, turned } from "../../optics/symmetry";

/** A rigid motion x → R·x + shift, in Å from the middle of the box. */
export interface RigidTransform {
  /** R, row-major. */
  rotation: Float64Array;
  shift: Vector3;
}

/** Where a motion takes a point. */
export function transformed({ rotation, shift }: RigidTransform, point: Vector3): Vector3 {
  return turned(rotation, point).map((x, axis) => x + shift[axis]!) as Vector3;
}

/** The motion that does `first`, then `second`. */
export function afterEachOther(first: RigidTransform, second: RigidTransform): RigidTransform {
  return { rotation: product(second.rotation, first.rotation), shift: transformed(second, first.shift) };
}

/** The motion that takes everything back. */
export function inverseOf({ rotation, shift }: RigidTransform): RigidTransform {
  const back = Float64Array.from(transposed(rotation));
  return { rotation: back, shift: turned(back, shift).map((x) => -x) as Vector3 };
}
