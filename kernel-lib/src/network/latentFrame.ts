import { LuDecomposition, Matrix } from "ml-matrix";
import { ArcLengthScale } from "./arcLength";
import type { NamedArray } from "./parameters";

/**
 * By how much less than the trained networks a model changes along each axis: y is decoded at centre + factor · (y − centre). Places
 * stay as they are.
 */
export interface AxisReduction {
  /** From 0, no change along the axis, to 1, the change that was trained, [latent]. */
  factors: Float32Array;
  /** Coordinates of the frame, [latent]. */
  centre: Float32Array;
}

/** Points in the table of an arc-length scale. */
export const scalePoints = 256;

/**
 * Coordinates of the latent space that can be read, from those of the networks: y_a = s_a(Σ_d M_ad·z_d). The matrix M orders
 * the axes by the size of the change along them and makes them independent in the population; it mixes only axes that change the
 * same kinds of parameters. An axis that is the only one of its kind is measured by its arc length; see {@link ArcLengthScale}.
 */
export class LatentFrame {
  /** M, [latent · latent], row by row, in the precision of a checkpoint. */
  readonly matrix: Float64Array;
  private readonly backward: Float64Array;

  /**
   * @param matrix M, [latent · latent], row by row
   * @param scales of the axes; undefined for an axis without
   * @param reduction of what is decoded. Default: none
   * @throws RangeError if the rows of the matrix depend on each other
   */
  constructor(
    matrix: Float64Array,
    readonly scales: readonly (ArcLengthScale | undefined)[],
    readonly reduction?: AxisReduction | undefined,
  ) {
    const n = scales.length;
    this.matrix = matrix.map(Math.fround);
    const decomposition = new LuDecomposition(Matrix.from1DArray(n, n, this.matrix));
    if (decomposition.isSingular()) {
      throw new RangeError(
        "weights latent.frame: expected independent axes, found one that follows from others",
      );
    }
    this.backward = Float64Array.from(decomposition.solve(Matrix.eye(n)).to1DArray());
  }

  /** Axes of the latent space. */
  get latent(): number {
    return this.scales.length;
  }

  /** Replaces coordinates of the networks [n · latent] by those of the frame, in place. */
  fromNetwork(z: Float32Array): Float32Array {
    return transform(
      z,
      this.matrix,
      this.latent,
      (value, axis) => this.scales[axis]?.toArcLength(value) ?? value,
    );
  }

  /** Coordinates of the networks of coordinates of the frame, [n · latent]. */
  toNetwork(y: Float32Array): Float32Array {
    const { latent, scales } = this;
    const unscaled = y.map((value, i) => scales[i % latent]?.toNetwork(value) ?? value);
    return transform(unscaled, this.backward, latent, (value) => value);
  }

  /** Coordinates of the networks that are decoded for coordinates of the frame, [n · latent]; see {@link AxisReduction}. */
  toDecoded(y: Float32Array): Float32Array {
    const { latent, reduction } = this;
    if (!reduction) return this.toNetwork(y);
    return this.toNetwork(y.map((value, i) => reducedAt(reduction, value, i % latent)));
  }

  /** The gradient in coordinates of the networks at `z` [n · latent] from that in those of the frame. */
  gradient(z: Float32Array, inFrame: Float32Array): Float32Array {
    const { latent, matrix, scales } = this;
    const linear = transform(z.slice(), matrix, latent, (value) => value);
    const out = new Float32Array(z.length);
    for (let i = 0; i < z.length; i++) {
      const axis = i % latent;
      const g = inFrame[i]! * (scales[axis]?.derivative(linear[i]!) ?? 1);
      for (let d = 0; d < latent; d++) out[i - axis + d]! += g * matrix[axis * latent + d]!;
    }
    return out;
  }

  /** The arrays of the frame, under their names in a checkpoint. */
  save(): NamedArray[] {
    const { latent, scales, reduction } = this;
    return [
      ...(reduction
        ? [
            {
              ...{ name: "reduction", shape: [2, latent] },
              data: Float32Array.of(...reduction.factors, ...reduction.centre),
            },
          ]
        : []),
      { name: "frame", shape: [latent, latent], data: Float32Array.from(this.matrix) },
      ...scales.flatMap((scale, axis) =>
        scale
          ? [
              { name: `network${axis}`, shape: [scalePoints], data: scale.network },
              { name: `even${axis}`, shape: [scalePoints], data: scale.arcLength },
            ]
          : [],
      ),
    ];
  }

  /** Restores what {@link save} returned; undefined without a frame. @throws RangeError if an array is invalid */
  static load(arrays: readonly NamedArray[], latent: number): LatentFrame | undefined {
    const find = (name: string) => arrays.find((a) => a.name === name)?.data;
    const scaleOf = (suffix: string): ArcLengthScale | undefined => {
      const [network, arcLength] = [find(`network${suffix}`), find(`even${suffix}`)];
      if (network?.length !== arcLength?.length || !(isAscending(network) && isAscending(arcLength))) {
        throw new RangeError(
          `weights latent.even${suffix}: expected as many ascending numbers as in latent.network${suffix}`,
        );
      }
      return network && arcLength && new ArcLengthScale(network, arcLength);
    };
    // A one-dimensional space of earlier versions.
    const only = latent === 1 ? scaleOf("") : undefined;
    const reduction = reductionOf(find("reduction"), latent);
    if (only) return new LatentFrame(Float64Array.of(1), [only]);
    const matrix = find("frame");
    if (!matrix) return undefined;
    if (matrix.length !== latent * latent || !matrix.every(Number.isFinite)) {
      throw new RangeError(`weights latent.frame: expected ${latent * latent} finite numbers`);
    }
    const scales = Array.from({ length: latent }, (_, axis) => scaleOf(String(axis)));
    return new LatentFrame(Float64Array.from(matrix), scales, reduction);
  }
}

/** The coordinate on an axis that is decoded in place of another. */
export function reducedAt({ factors, centre }: AxisReduction, value: number, axis: number): number {
  return centre[axis]! + factors[axis]! * (value - centre[axis]!);
}

function reductionOf(numbers: Float32Array | undefined, latent: number): AxisReduction | undefined {
  if (!numbers) return undefined;
  const [factors, centre] = [numbers.slice(0, latent), numbers.slice(latent)];
  if (centre.length !== latent || !centre.every(Number.isFinite) || !factors.every((s) => s >= 0 && s <= 1)) {
    throw new RangeError(
      `weights latent.reduction: expected ${latent} factors from 0 to 1 and ${latent} finite numbers`,
    );
  }
  return { factors, centre };
}

function isAscending(values: Float32Array = new Float32Array()): boolean {
  return values.every((value, i) => i === 0 || value >= values[i - 1]!);
}

/** Multiplies every row [latent] by a matrix and maps each number, in place. */
function transform(
  rows: Float32Array,
  matrix: Float64Array,
  latent: number,
  map: (value: number, axis: number) => number,
): Float32Array {
  const own = new Float64Array(latent);
  for (let at = 0; at < rows.length; at += latent) {
    for (let a = 0; a < latent; a++) {
      let sum = 0;
      for (let d = 0; d < latent; d++) sum += matrix[a * latent + d]! * rows[at + d]!;
      own[a] = sum;
    }
    for (let a = 0; a < latent; a++) rows[at + a] = map(own[a]!, a);
  }
  return rows;
}
