import { rotationFromVector, vectorFromRotation } from "../../optics/pose";
import { product } from "../../optics/symmetry";

type Vector = [x: number, y: number, z: number];

/** Which parts of a particle's pose are unknown, besides its place. */
export interface PoseFreedom {
  /** The rotation. */
  rotation: boolean;
  /** The shift. */
  shift: boolean;
}

/**
 * Meaning of the numbers of a point in the space of places and poses, in this order: the place z, `latent` numbers; the
 * rotation offset ω, 3 numbers in radians; the shift offset, 2 numbers in box units. Offsets that are known are left out.
 *
 * The pose of a point is R = exp(ω)·R₀ and t = t₀ + shift, with R₀ and t₀ from the particle file: ω turns the molecule about
 * the axes of the image, and its third component is the in-plane angle.
 */
export class PointLayout {
  /** Numbers per point. */
  readonly width: number;
  /** Index of the first number of ω, and of the shift; −1 if it is known. */
  readonly rotation: number;
  readonly shift: number;

  constructor(
    readonly latent: number,
    freedom: PoseFreedom,
  ) {
    this.rotation = freedom.rotation ? latent : -1;
    const next = freedom.rotation ? latent + 3 : latent;
    this.shift = freedom.shift ? next : -1;
    this.width = freedom.shift ? next + 2 : next;
  }

  /** The places of some points, [count · latent]; the points themselves if they are nothing else. */
  places(points: Float32Array): Float32Array {
    const { latent, width } = this;
    if (width === latent) return points;
    const z = new Float32Array((points.length / width) * latent);
    for (let i = 0; i * width < points.length; i++) {
      z.set(points.subarray(i * width, i * width + latent), i * latent);
    }
    return z;
  }

  /**
   * A point moved by a step. A step of the rotation is a rotation about the axes of the image after that of the point:
   * exp(step)·exp(ω). The prior's derivative with respect to it, at a step of 0, is still that of |ω|².
   */
  move(point: Float32Array, step: ArrayLike<number>): Float32Array {
    const moved = point.map((x, d) => x + step[d]!);
    const at = this.rotation;
    if (at < 0) return moved;
    const turn = rotationFromVector(vectorAt(step, at));
    moved.set(vectorFromRotation(product(turn, rotationFromVector(vectorAt(point, at)))), at);
    return moved;
  }

  /**
   * The pose of a point.
   * @param point one point, [width]
   * @param pose  R₀ [9] and t₀ [2] in box units, changed in place
   */
  apply(point: Float32Array, pose: { rotation: Float32Array; shift: Float32Array }): void {
    if (this.rotation >= 0) {
      pose.rotation.set(product(rotationFromVector(vectorAt(point, this.rotation)), pose.rotation));
    }
    if (this.shift >= 0) {
      for (const axis of [0, 1]) pose.shift[axis]! += point[this.shift + axis]!;
    }
  }
}

function vectorAt(values: ArrayLike<number>, at: number): Vector {
  return [values[at]!, values[at + 1]!, values[at + 2]!];
}
