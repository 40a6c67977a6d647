import type { GaussianModel } from "../../model/gaussianModel";
import { rotationFromVector } from "../../optics/pose";
import { product } from "../../optics/symmetry";
import type { PlaceDecoder } from "./decoders";
import type { PointLayout } from "./poseOffsets";

/** Step of the finite differences along z, in standard deviations of the latents. */
const placeStep = 0.02;
/** Step along the pose: how far it moves the Gaussians, in pixels of the training box. */
const poseStep = 0.1;

/** Poses of some particles, as a projection engine expects them. */
export interface BatchPoses {
  /** [B · 9] */
  rotations: Float32Array;
  /** Box units, [B · 2]. */
  shifts: Float32Array;
}

/**
 * The models of finite differences: that of a point, then one for a small step along each number of the point. A step of the
 * pose is a model that is turned by Rᵀ·exp(step)·R or moved by Rᵀ·(dx, dy, 0), so that all are projected in the same pose.
 */
export class Variants {
  /** Models per particle. */
  readonly count: number;
  /** Step along each number of a point, [width]. */
  readonly steps: Float64Array;

  constructor(
    private readonly decoder: PlaceDecoder,
    private readonly layout: PointLayout,
    { count, params, boxSize }: GaussianModel,
  ) {
    const { latent, width, rotation, shift } = layout;
    this.count = width + 1;
    this.steps = new Float64Array(width).fill(placeStep, 0, latent);
    let square = 0;
    for (let i = 0; i < 3 * count; i++) square += params[i]! ** 2 / count;
    if (rotation >= 0) this.steps.fill(poseStep / boxSize / Math.sqrt(square), rotation, rotation + 3);
    if (shift >= 0) this.steps.fill(poseStep / boxSize, shift, shift + 2);
  }

  /**
   * The models of all variants, [B · count · 5N].
   * @param points [B · width]
   * @param rotations of the frames in which steps of the pose are taken, [B · 9]
   * @param onBases   the models of the particles from what is decoded for them, [B · (latent + 1) · 5N]
   */
  models(
    points: Float32Array,
    rotations: Float32Array,
    onBases: (changed: Float32Array) => Float32Array,
  ): Float32Array {
    const { layout, decoder, count } = this;
    const { latent, width } = layout;
    const b = rotations.length / 9;
    const decoded = onBases(decoder.decode(this.places(points, b), b * (latent + 1)));
    if (width === latent) return decoded;
    const set = decoded.length / (b * (latent + 1));
    const models = new Float32Array(b * count * set);
    for (let i = 0; i < b; i++) {
      models.set(decoded.subarray(i * (latent + 1) * set, (i + 1) * (latent + 1) * set), i * count * set);
      const base = models.subarray(i * count * set, (i * count + 1) * set);
      const rotation = rotations.subarray(9 * i, 9 * i + 9);
      for (let d = latent; d < width; d++) {
        const variant = models.subarray((i * count + d + 1) * set, (i * count + d + 2) * set);
        variant.set(base);
        this.step(variant, d, rotation);
      }
    }
    return models;
  }

  /** Models per particle that differ by more than the pose: the first of all variants. */
  get decoded(): number {
    return this.layout.latent + 1;
  }

  /** Poses of all variants [B · count · 9 and 2], of which the later ones show the first model as {@link models} turns or moves it. */
  poses({ rotations, shifts }: BatchPoses): BatchPoses {
    const { count, layout, steps } = this;
    const b = rotations.length / 9;
    const all: BatchPoses = {
      rotations: new Float32Array(9 * b * count),
      shifts: new Float32Array(2 * b * count),
    };
    for (let k = 0; k < b * count; k++) {
      const i = Math.floor(k / count);
      const d = (k % count) - 1;
      const own = rotations.subarray(9 * i, 9 * i + 9);
      all.rotations.set(own, 9 * k);
      all.shifts.set(shifts.subarray(2 * i, 2 * i + 2), 2 * k);
      if (d < layout.latent) continue;
      if (layout.shift >= 0 && d >= layout.shift) all.shifts[2 * k + d - layout.shift]! += steps[d]!;
      else all.rotations.set(product(this.stepTurn(d), own), 9 * k);
    }
    return all;
  }

  /** Rotation of the step along number d of a point. */
  private stepTurn(d: number): ArrayLike<number> {
    const vector: [number, number, number] = [0, 0, 0];
    vector[d - this.layout.rotation] = this.steps[d]!;
    return rotationFromVector(vector);
  }

  /** z of each particle, followed by z plus a step along each axis, [B · (latent + 1) · latent]. */
  places(points: Float32Array, b: number): Float32Array {
    const { latent } = this.layout;
    const z = this.layout.places(points);
    const out = new Float32Array(b * (latent + 1) * latent);
    for (let i = 0; i < b; i++) {
      for (let v = 0; v <= latent; v++) {
        const at = (i * (latent + 1) + v) * latent;
        out.set(z.subarray(i * latent, (i + 1) * latent), at);
        if (v > 0) out[at + v - 1]! += placeStep;
      }
    }
    return out;
  }

  /** Turns or moves a model by the step along number d of a point. */
  private step(model: Float32Array, d: number, rotation: Float32Array): void {
    const { layout, steps } = this;
    const n = model.length / 5;
    if (layout.shift >= 0 && d >= layout.shift) {
      const row = 3 * (d - layout.shift);
      for (let axis = 0; axis < 3; axis++) {
        const by = steps[d]! * rotation[row + axis]!;
        for (let i = axis * n; i < (axis + 1) * n; i++) model[i]! += by;
      }
      return;
    }
    const transposed = Float32Array.from({ length: 9 }, (_, i) => rotation[3 * (i % 3) + Math.floor(i / 3)]!);
    turn(model, product(transposed, product(this.stepTurn(d), rotation)));
  }
}

/** Turns the centres of a model about the origin. */
function turn(model: Float32Array, m: Float64Array): void {
  const n = model.length / 5;
  for (let i = 0; i < n; i++) {
    const [x, y, z] = [model[i]!, model[n + i]!, model[2 * n + i]!];
    for (let axis = 0; axis < 3; axis++) {
      model[axis * n + i] = m[3 * axis]! * x + m[3 * axis + 1]! * y + m[3 * axis + 2]! * z;
    }
  }
}
