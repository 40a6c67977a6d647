import { boxLengthOf, type GaussianModel, type Vector3 } from "../../model/gaussianModel";
import { centresInAngstrom, integrals, type RigidMotion } from "../../model/rigidMotion";
import { rotationFromVector, vectorFromRotation } from "../../optics/pose";
import { turned } from "../../optics/symmetry";
import type { PlaceDecoder } from "../posterior/decoders";
import type { RigidTransform } from "./rigidTransform";

/** Numbers of the motion of a body: a rotation vector and a shift. */
export const bodyNumbers = 6;
/** How far a step of the likelihood's finite differences moves a body, in pixels of the training box. */
const step = 0.2;
/** The step along each number of a place in the finite differences of a likelihood. */
const placeStep = 0.02;

/** Some Gaussians that move together. */
interface Body {
  indices: Int32Array;
  /** Box units. */
  centre: Vector3;
  /** Radians for each unit of the first three numbers. */
  turn: number;
}

/**
 * A decoder whose rigid bodies are moved by numbers of their own. A place has the numbers of the latent space, then six for each
 * body: a rotation vector about its centre and a shift, in units whose finite differences are a fraction of a pixel. Bodies keep
 * the shape and density of the middle model, whatever is decoded; all other Gaussians are decoded.
 */
export class MovedBodies implements PlaceDecoder {
  readonly latent: number;
  private readonly bodies: Body[];
  /** Box units for each unit of the last three numbers of a body. */
  private readonly shiftUnit: number;

  /** @param bodies the Gaussians of each body; none is in two of them */
  constructor(
    private readonly decoder: PlaceDecoder,
    readonly middle: GaussianModel,
    bodies: readonly Int32Array[],
  ) {
    this.latent = decoder.latent + bodyNumbers * bodies.length;
    this.shiftUnit = step / placeStep / middle.boxSize;
    this.bodies = bodies.map((indices) => bodyOf(middle, indices, this.shiftUnit));
  }

  decode(places: Float32Array, count: number): Float32Array {
    const { decoder, latent } = this;
    const axes = decoder.latent;
    const z = new Float32Array(count * axes);
    for (let k = 0; k < count; k++) z.set(places.subarray(k * latent, k * latent + axes), k * axes);
    const models = decoder.decode(z, count);
    const width = this.middle.params.length;
    for (let k = 0; k < count; k++) {
      const model = models.subarray(k * width, (k + 1) * width);
      for (const b of this.bodies.keys()) {
        const at = k * latent + axes + bodyNumbers * b;
        this.move(b, places.subarray(at, at + bodyNumbers), model);
      }
    }
    return models;
  }

  /** Writes a moved body into a model [5N]. */
  private move(b: number, numbers: ArrayLike<number>, model: Float32Array): void {
    const { count: n, params } = this.middle;
    const { indices, centre } = this.bodies[b]!;
    const { rotation, shift } = this.inBoxUnits(b, numbers);
    for (const i of indices) {
      const arm = [0, 1, 2].map((axis) => params[axis * n + i]! - centre[axis]!) as Vector3;
      const moved = turned(rotation, arm);
      for (let axis = 0; axis < 3; axis++) model[axis * n + i] = moved[axis]! + centre[axis]! + shift[axis]!;
      for (const row of [3, 4]) model[row * n + i] = params[row * n + i]!;
    }
  }

  private inBoxUnits(b: number, numbers: ArrayLike<number>): { rotation: Float64Array; shift: Vector3 } {
    const { turn } = this.bodies[b]!;
    const vector = [0, 1, 2].map((k) => turn * numbers[k]!) as Vector3;
    const shift = [3, 4, 5].map((k) => this.shiftUnit * numbers[k]!) as Vector3;
    return { rotation: Float64Array.from(rotationFromVector(vector)), shift };
  }

  /** The motion of a body from the middle model. */
  transform(b: number, numbers: ArrayLike<number>): RigidTransform {
    const length = boxLengthOf(this.middle);
    const { centre } = this.bodies[b]!;
    const { rotation, shift } = this.inBoxUnits(b, numbers);
    const turnedCentre = turned(rotation, centre);
    return {
      rotation,
      shift: centre.map((x, axis) => length * (x + shift[axis]! - turnedCentre[axis]!)) as Vector3,
    };
  }

  /** The numbers of a motion of a body from the middle model. */
  numbersOf(b: number, { rotation, shift }: Pick<RigidMotion, "rotation" | "shift">): number[] {
    const length = boxLengthOf(this.middle);
    const { turn } = this.bodies[b]!;
    return [
      ...vectorFromRotation(rotation).map((x) => x / turn),
      ...shift.map((x) => x / length / this.shiftUnit),
    ];
  }
}

function bodyOf(model: GaussianModel, indices: Int32Array, shiftUnit: number): Body {
  const chosen = Array.from(indices);
  const length = boxLengthOf(model);
  const places = centresInAngstrom(model, chosen).map((p) => p.map((x) => x / length));
  const mass = integrals(model, chosen);
  const total = mass.reduce((sum, w) => sum + w, 0);
  const mean = (value: (p: number[], axis: number) => number) =>
    [0, 1, 2].map((axis) => places.reduce((sum, p, k) => sum + (mass[k]! / total) * value(p, axis), 0));
  const centre = mean((p, axis) => p[axis]!) as Vector3;
  const square = mean((p, axis) => (p[axis]! - centre[axis]!) ** 2).reduce((sum, x) => sum + x, 0);
  // A turn moves the Gaussians as far as a shift does.
  return { indices, centre, turn: shiftUnit / Math.max(Math.sqrt(square), 1e-3) };
}
