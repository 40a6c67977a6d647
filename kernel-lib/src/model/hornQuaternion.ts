import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** Nine numbers of a 3 × 3 matrix, row-major. */
export type NineNumbers = [number, number, number, number, number, number, number, number, number];
export type Quaternion = [w: number, x: number, y: number, z: number];

/** Steps of Newton's method; a simple root takes about six. */
const mostSteps = 24;
/** Largest residual of the eigenvector, as a fraction of the matrix; with more the eigenvalues are nearly equal. */
const precise = 1e-10;

/**
 * The unit quaternion of the rotation that fits a covariance Σ w a bᵀ of centred points best: the eigenvector of the largest eigenvalue of
 * Horn's 4 × 4 matrix (J. Opt. Soc. Am. A 4, 629, 1987). The eigenvalue is found by Newton's method on the characteristic polynomial from an
 * upper bound, and the vector as a column of the adjugate (Theobald, Acta Cryst. A 61, 478, 2005); where eigenvalues are nearly
 * equal, by a decomposition. With w ≥ 0.
 * @param covariance row-major
 */
export function quaternionOf(covariance: NineNumbers): Quaternion {
  const q = byNewton(covariance) ?? byDecomposition(covariance);
  return q[0] < 0 ? [-q[0], -q[1], -q[2], -q[3]] : q;
}

function byDecomposition([xx, xy, xz, yx, yy, yz, zx, zy, zz]: NineNumbers): Quaternion {
  const horn = new Matrix([
    [xx + yy + zz, yz - zy, zx - xz, xy - yx],
    [yz - zy, xx - yy - zz, xy + yx, zx + xz],
    [zx - xz, xy + yx, yy - xx - zz, yz + zy],
    [xy - yx, zx + xz, yz + zy, zz - xx - yy],
  ]);
  const decomposition = new EigenvalueDecomposition(horn, { assumeSymmetric: true });
  const values = decomposition.realEigenvalues;
  const top = values.indexOf(Math.max(...values));
  return decomposition.eigenvectorMatrix.getColumn(top) as Quaternion;
}

/** undefined where the largest eigenvalue is not well apart. */
function byNewton([xx, xy, xz, yx, yy, yz, zx, zy, zz]: NineNumbers): Quaternion | undefined {
  const square = xx * xx + xy * xy + xz * xz + yx * yx + yy * yy + yz * yz + zx * zx + zy * zy + zz * zz;
  const size = Math.sqrt(square);
  if (!(size > 0) || !Number.isFinite(size)) return undefined;
  const determinant = xx * (yy * zz - yz * zy) - xy * (yx * zz - yz * zx) + xz * (yx * zy - yy * zx);
  const [a, e, h, j] = [xx + yy + zz, xx - yy - zz, yy - xx - zz, zz - xx - yy];
  const [b, c, d] = [yz - zy, zx - xz, xy - yx];
  const [f, g, i] = [xy + yx, zx + xz, yz + zy];
  // Minors of the lower two rows, and of the upper two, of [[a b c d] [b e f g] [c f h i] [d g i j]].
  const constant =
    (a * e - b * b) * (h * j - i * i) -
    (a * f - b * c) * (f * j - i * g) +
    (a * g - b * d) * (f * i - h * g) +
    (b * f - e * c) * (c * j - i * d) -
    (b * g - e * d) * (c * i - h * d) +
    (c * g - f * d) * (c * g - f * d);
  // λ⁴ − 2‖S‖² λ² − 8 det S λ + det K, with all roots at most √3 ‖S‖.
  let value = Math.sqrt(3) * size;
  for (let step = 0; ; step++) {
    if (step === mostSteps) return undefined;
    const polynomial = ((value * value - 2 * square) * value - 8 * determinant) * value + constant;
    const slope = (4 * value * value - 4 * square) * value - 8 * determinant;
    const change = polynomial / slope;
    if (!Number.isFinite(change)) return undefined;
    value -= change;
    if (Math.abs(change) < 1e-14 * size) break;
  }
  const best = nullVector(a - value, b, c, d, e - value, f, g, h - value, i, j - value);
  if (best === undefined) return undefined;
  const [w, x, y, z] = best;
  const r0 = (a - value) * w + b * x + c * y + d * z;
  const r1 = b * w + (e - value) * x + f * y + g * z;
  const r2 = c * w + f * x + (h - value) * y + i * z;
  const r3 = d * w + g * x + i * y + (j - value) * z;
  return r0 * r0 + r1 * r1 + r2 * r2 + r3 * r3 <= (precise * size) ** 2 ? best : undefined;
}

/** The longest column of the adjugate of a singular symmetric matrix [[a b c d] [b e f g] [c f h i] [d g i j]], of length 1. */
function nullVector(
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  g: number,
  h: number,
  i: number,
  j: number,
): Quaternion | undefined {
  // Minors of two rows each.
  const [s0, s1, s2] = [a * e - b * b, a * f - c * b, a * g - d * b];
  const [s3, s4, s5] = [b * f - c * e, b * g - d * e, c * g - d * f];
  const [c5, c4, c3] = [h * j - i * i, f * j - g * i, f * i - g * h];
  const [c2, c1] = [c * j - d * i, c * i - d * h];
  const d0 = e * c5 - f * c4 + g * c3;
  const d1 = a * c5 - c * c2 + d * c1;
  const d2 = d * s4 - g * s2 + j * s0;
  const d3 = c * s3 - f * s1 + h * s0;
  const off01 = -b * c5 + c * c4 - d * c3;
  const off02 = g * s5 - i * s4 + j * s3;
  const off03 = -f * s5 + h * s4 - i * s3;
  const off12 = -d * s5 + i * s2 - j * s1;
  const off13 = c * s5 - h * s2 + i * s1;
  const off23 = -d * s3 + g * s1 - i * s0;
  const longest = Math.max(Math.abs(d0), Math.abs(d1), Math.abs(d2), Math.abs(d3));
  if (longest === Math.abs(d0)) return unit(d0, off01, off02, off03);
  if (longest === Math.abs(d1)) return unit(off01, d1, off12, off13);
  return longest === Math.abs(d2) ? unit(off02, off12, d2, off23) : unit(off03, off13, off23, d3);
}

function unit(w: number, x: number, y: number, z: number): Quaternion | undefined {
  const length = Math.sqrt(w * w + x * x + y * y + z * z);
  return length > 0 ? [w / length, x / length, y / length, z / length] : undefined;
}
