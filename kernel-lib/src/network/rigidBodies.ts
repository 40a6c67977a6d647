import { Matrix, pseudoInverse } from "ml-matrix";
import { rotationFromVector } from "../optics/pose";

/** Gaussians that move as one body, and the linear map from their offsets to its rotation vector. */
interface Body {
  members: Int32Array;
  /** Number of the first member among those of all bodies. */
  first: number;
  /** Mean of their neutral centres, box units. */
  centre: [number, number, number];
  /** From the centre, [members · 3]. */
  arms: Float64Array;
  /** Inverse of Σ (|r|² 1 − r rᵀ), row-major; 0 about axes that no arm stands off from. */
  inverseInertia: Float64Array;
}

type Vector = [number, number, number];

/**
 * Groups of Gaussians that move as rigid bodies. A body has six parameters: its centre moves by the mean of the offsets o that
 * the decoder gives its members, and it turns by exp(ω) about it, with ω = (Σ |r|² 1 − r rᵀ)⁻¹ Σ r × o, the rotation of least
 * squares for small offsets. ω is linear in the offsets and the rotation is exact, so that distances within a body are kept
 * through any angle. A member's own offset has no other effect.
 *
 * The shape of a body is the same in all particles, but not that of the neutral model, in which what moves is smeared: each member
 * has an offset in the frame of its body.
 */
export class RigidBodies {
  private readonly bodies: Body[];
  private readonly gaussians: number;
  /** Gaussians in all bodies. */
  readonly members: number;

  /**
   * @param centres x, y, z of the neutral model, three runs of N numbers, box units; more may follow
   * @param of      the body of each Gaussian, from 1; 0 for those that move on their own, [N]
   */
  constructor(
    private readonly centres: Float32Array,
    readonly of: Uint8Array,
  ) {
    this.gaussians = of.length;
    const count = of.reduce((most, body) => Math.max(most, body), 0);
    let first = 0;
    this.bodies = Array.from({ length: count }, (_, b) => {
      const body = this.body(b + 1, first);
      first += body.members.length;
      return body;
    }).filter(({ members }) => members.length > 0);
    this.members = first;
  }

  private body(number: number, first: number): Body {
    const { centres, gaussians: n, of } = this;
    const members = Int32Array.from([...of.keys()].filter((i) => of[i] === number));
    const centre: Vector = [0, 0, 0];
    for (const i of members) {
      for (let axis = 0; axis < 3; axis++) centre[axis]! += centres[axis * n + i]! / members.length;
    }
    const arms = Float64Array.from(
      { length: 3 * members.length },
      (_, k) => centres[(k % 3) * n + members[Math.floor(k / 3)]!]! - centre[k % 3]!,
    );
    const inertia = Matrix.zeros(3, 3);
    for (let k = 0; k < arms.length; k += 3) {
      const r = Matrix.rowVector([arms[k]!, arms[k + 1]!, arms[k + 2]!]);
      inertia.add(Matrix.eye(3).mul(r.dot(r)).sub(r.transpose().mmul(r)));
    }
    // Members on a line leave one rotation without meaning, a single one all three.
    const scale = inertia.trace();
    const inverse = scale > 0 ? pseudoInverse(inertia.div(scale), 1e-6).div(scale) : Matrix.zeros(3, 3);
    return { members, first, centre, arms, inverseInertia: Float64Array.from(inverse.to1DArray()) };
  }

  /** Number of bodies. */
  get count(): number {
    return this.bodies.length;
  }

  /**
   * The bodies as a device reads them (`shaders/bodies.wgsl`): for each Gaussian the number of its body from 1, or 0, and its number
   * among the members; for each body its first member, how many there are, centre and inverse inertia; the Gaussian of each member.
   */
  table(): Float32Array {
    const { gaussians, bodies } = this;
    const ofGaussians = new Float32Array(2 * gaussians);
    for (const [b, { members, first }] of bodies.entries()) {
      for (const [k, i] of members.entries()) ofGaussians.set([b + 1, first + k], 2 * i);
    }
    const ofBodies = bodies.flatMap(({ members, first, centre, inverseInertia }) => [
      ...[first, members.length, ...centre, ...inverseInertia],
    ]);
    const all = bodies.flatMap(({ members }) => [...members]);
    return Float32Array.of(...ofGaussians, ...ofBodies, ...all);
  }

  /** Numbers that {@link apply} leaves for {@link backward}, for each row: the rotation vectors of all bodies. */
  get tapeLength(): number {
    return 3 * this.bodies.length;
  }

  /**
   * Replaces the centres of some models by those of rigid bodies.
   * @param models [B · 5N]
   * @param shape  offsets of the members of all bodies in turn, in the frame of their body, box units, [members · 3]
   * @param tape   receives the rotation vectors, [B · {@link tapeLength}]
   */
  apply<T extends Float32Array | Float64Array>(models: T, shape: T, tape?: Float64Array): void {
    const { gaussians: n, bodies } = this;
    const rotation = new Float64Array(9);
    for (let row = 0; row * 5 * n < models.length; row++) {
      const at = row * 5 * n;
      for (const [b, body] of bodies.entries()) {
        const { turn, shift } = this.motionOf(body, models, at);
        tape?.set(turn, row * this.tapeLength + 3 * b);
        rotationFromVector(turn, rotation);
        const { members, first, centre, arms } = body;
        for (let k = 0; k < members.length; k++) {
          const [x, y, z] = armOf(arms, shape, k, first);
          for (let axis = 0; axis < 3; axis++) {
            const turned =
              rotation[3 * axis]! * x + rotation[3 * axis + 1]! * y + rotation[3 * axis + 2]! * z;
            models[at + axis * n + members[k]!] = centre[axis]! + shift[axis]! + turned;
          }
        }
      }
    }
  }

  /** Rotation vector and shift of a body from the offsets of its members. */
  private motionOf(
    { members, arms, inverseInertia }: Body,
    models: Float32Array | Float64Array,
    at: number,
  ): { turn: Vector; shift: Vector } {
    const { gaussians: n, centres } = this;
    const shift: Vector = [0, 0, 0];
    const moment: Vector = [0, 0, 0];
    for (let k = 0; k < members.length; k++) {
      const i = members[k]!;
      const offset = (axis: number) => models[at + axis * n + i]! - centres[axis * n + i]!;
      const [ox, oy, oz] = [offset(0), offset(1), offset(2)];
      shift[0] += ox / members.length;
      shift[1] += oy / members.length;
      shift[2] += oz / members.length;
      addCross(moment, arms, 3 * k, [ox, oy, oz]);
    }
    return { turn: product(inverseInertia, moment), shift };
  }

  /**
   * Replaces the gradient in the rigid centres by that in the centres which {@link apply} was given.
   * @param gradient [B · 5N]
   * @param shape    as given to `apply`
   * @param tape     of `apply`
   * @returns the gradient in the shape, [members · 3]
   */
  backward<T extends Float32Array | Float64Array>(gradient: T, shape: T, tape: Float64Array): Float64Array {
    const { gaussians: n, bodies } = this;
    const inShape = new Float64Array(shape.length);
    for (let row = 0; row * 5 * n < gradient.length; row++) {
      const at = row * 5 * n;
      for (const [b, { members, first, arms, inverseInertia }] of bodies.entries()) {
        const from = row * this.tapeLength + 3 * b;
        const turn: Vector = [tape[from]!, tape[from + 1]!, tape[from + 2]!];
        const rotation = rotationFromVector(turn);
        const shift: Vector = [0, 0, 0];
        const moment: Vector = [0, 0, 0];
        for (let k = 0; k < members.length; k++) {
          const [gx, gy, gz] = [0, 1, 2].map((axis) => gradient[at + axis * n + members[k]!]!) as Vector;
          shift[0] += gx / members.length;
          shift[1] += gy / members.length;
          shift[2] += gz / members.length;
          const own = transposedProduct(rotation, [gx, gy, gz]);
          addCross(moment, armOf(arms, shape, k, first), 0, own);
          for (let axis = 0; axis < 3; axis++) inShape[3 * (first + k) + axis]! += own[axis]!;
        }
        const torque = product(inverseInertia, leftJacobianProduct(turn, moment));
        for (let k = 0; k < members.length; k++) {
          const own: Vector = [...shift];
          addCross(own, torque, 0, [arms[3 * k]!, arms[3 * k + 1]!, arms[3 * k + 2]!]);
          for (let axis = 0; axis < 3; axis++) gradient[at + axis * n + members[k]!] = own[axis]!;
        }
      }
    }
    return inShape;
  }
}

/** Member k of a body from its centre, in its frame. */
function armOf(arms: Float64Array, shape: Float32Array | Float64Array, k: number, first: number): Vector {
  const s = 3 * (first + k);
  return [arms[3 * k]! + shape[s]!, arms[3 * k + 1]! + shape[s + 1]!, arms[3 * k + 2]! + shape[s + 2]!];
}

/** Adds a × b, with a = `numbers[at…]`. */
function addCross(sum: Vector, numbers: ArrayLike<number>, at: number, b: Vector): void {
  const [x, y, z] = [numbers[at]!, numbers[at + 1]!, numbers[at + 2]!];
  sum[0] += y * b[2] - z * b[1];
  sum[1] += z * b[0] - x * b[2];
  sum[2] += x * b[1] - y * b[0];
}

function product(m: ArrayLike<number>, [x, y, z]: Vector): Vector {
  return [0, 3, 6].map((r) => m[r]! * x + m[r + 1]! * y + m[r + 2]! * z) as Vector;
}

function transposedProduct(m: ArrayLike<number>, [x, y, z]: Vector): Vector {
  return [0, 1, 2].map((c) => m[c]! * x + m[c + 3]! * y + m[c + 6]! * z) as Vector;
}

/**
 * The gradient in a rotation vector ω from the torque Σ r × Rᵀg: exp(ω + δ) is exp(ω)·exp(J δ), and this is Jᵀ of the torque, with
 * Jᵀ = 1 + (1 − cos θ)/θ² [ω]× + (θ − sin θ)/θ³ [ω]×².
 */
function leftJacobianProduct(turn: Vector, torque: Vector): Vector {
  const angle = Math.hypot(...turn);
  const b = angle < 1e-3 ? 1 / 2 : (1 - Math.cos(angle)) / angle ** 2;
  const c = angle < 1e-3 ? 1 / 6 : (angle - Math.sin(angle)) / angle ** 3;
  const once: Vector = [0, 0, 0];
  addCross(once, turn, 0, torque);
  const twice: Vector = [0, 0, 0];
  addCross(twice, turn, 0, once);
  return torque.map((g, axis) => g + b * once[axis]! + c * twice[axis]!) as Vector;
}
