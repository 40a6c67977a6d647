import { type PointGroup, turned } from "../optics/symmetry";
import { type GaussianModel, Row, type Vector3 } from "./gaussianModel";
import { type ShellScore, ShellTarget } from "./shellTarget";

/*
 * A symmetric model of n units of m Gaussians each: Gaussian g·m + j is Gaussian j of the first unit turned by S_g. Its
 * projections with rotations R and R·S_g are the same.
 */

/** The parameters [5 · n·m] of all units from those of the first, [5 · m]. @param out receives them; a new array by default */
export function unitsOfFirst(
  params: Float32Array,
  { order, operators }: PointGroup,
  out = new Float32Array(order * params.length),
): Float32Array {
  const count = params.length / 5;
  const all = order * count;
  for (let g = 0; g < order; g++) {
    for (let j = 0; j < count; j++) {
      const to = g * count + j;
      const centre = turned(operators[g]!, [params[j]!, params[count + j]!, params[2 * count + j]!]);
      for (let axis = 0; axis < 3; axis++) out[axis * all + to] = centre[axis]!;
      out[Row.amplitude * all + to] = params[Row.amplitude * count + j]!;
      out[Row.sigma * all + to] = params[Row.sigma * count + j]!;
    }
  }
  return out;
}

/** The model of all units from that of the first. */
export function allUnits(first: GaussianModel, group: PointGroup): GaussianModel {
  return { ...first, count: group.order * first.count, params: unitsOfFirst(first.params, group) };
}

/** The shells of a map, for the first unit of a symmetric model: the whole model is compared with the map. */
export class SymmetricShellTarget extends ShellTarget {
  private all = new Float32Array(0);
  private allGradient = new Float64Array(0);

  /** @param given arguments of {@link ShellTarget} */
  constructor(
    private readonly group: PointGroup,
    ...given: ConstructorParameters<typeof ShellTarget>
  ) {
    super(...given);
  }

  override evaluate(
    params: Float32Array,
    count: number,
    weights: Float64Array,
    gradient?: Float64Array,
  ): ShellScore {
    const { group } = this;
    if (this.all.length !== 5 * group.order * count) this.all = new Float32Array(5 * group.order * count);
    if (this.allGradient.length !== this.all.length) this.allGradient = new Float64Array(this.all.length);
    unitsOfFirst(params.subarray(0, 5 * count), group, this.all);
    const score = super.evaluate(this.all, group.order * count, weights, gradient && this.allGradient);
    if (gradient) gradientInFirst(this.allGradient, group, gradient);
    return score;
  }
}

/**
 * The derivatives in the parameters of the first unit, [5 · m], from those in the parameters of all units, [5 · n·m]: those of the
 * copies, turned back, summed.
 */
export function gradientInFirst(
  all: ArrayLike<number>,
  { order, operators }: PointGroup,
  gradient: Float64Array,
): void {
  const total = all.length / 5;
  const count = total / order;
  gradient.fill(0, 0, 5 * count);
  for (let g = 0; g < order; g++) {
    const s = operators[g]!;
    for (let j = 0; j < count; j++) {
      const from = g * count + j;
      const [x, y, z] = [all[from]!, all[total + from]!, all[2 * total + from]!];
      for (let axis = 0; axis < 3; axis++) {
        gradient[axis * count + j]! += s[axis]! * x + s[3 + axis]! * y + s[6 + axis]! * z;
      }
      for (const row of [Row.amplitude, Row.sigma]) {
        gradient[row * count + j]! += all[row * total + from]!;
      }
    }
  }
}

/** Centre of Gaussian i, in box units. */
export function centreOf({ params, count }: GaussianModel, i: number): Vector3 {
  return [params[i]!, params[count + i]!, params[2 * count + i]!];
}
