/** Orientations: RELION's Euler angles and cryoSPARC's rotation vectors as rotation matrices. */

const degree = Math.PI / 180;

/** RELION's ZYZ Euler angles (rot, tilt, psi) in degrees. */
export type EulerAngles = readonly [rot: number, tilt: number, psi: number];

/**
 * Rotation matrix, reference → image, of RELION's Euler angles in degrees.
 * @param out receives the nine numbers, row-major, from index `at`. Default: a new array
 */
export function rotationFromEuler(
  [rot, tilt, psi]: EulerAngles,
  out: Float32Array | Float64Array = new Float64Array(9),
  at = 0,
): Float32Array | Float64Array {
  const ca = Math.cos(rot * degree);
  const sa = Math.sin(rot * degree);
  const cb = Math.cos(tilt * degree);
  const sb = Math.sin(tilt * degree);
  const cg = Math.cos(psi * degree);
  const sg = Math.sin(psi * degree);
  out[at] = cg * cb * ca - sg * sa;
  out[at + 1] = cg * cb * sa + sg * ca;
  out[at + 2] = -cg * sb;
  out[at + 3] = -sg * cb * ca - cg * sa;
  out[at + 4] = -sg * cb * sa + cg * ca;
  out[at + 5] = sg * sb;
  out[at + 6] = sb * ca;
  out[at + 7] = sb * sa;
  out[at + 8] = cb;
  return out;
}

/**
 * RELION's Euler angles in degrees of the rotation matrix (row-major) at index `at`: rot and psi in (−180, 180], tilt in
 * [0, 180]. At tilt 0 and 180, where rot and psi are not independent, rot is 0.
 */
export function eulerFromRotation(
  matrix: ArrayLike<number>,
  at = 0,
): { rot: number; tilt: number; psi: number } {
  const m = (i: number) => matrix[at + i]!;
  const sinTilt = Math.hypot(m(6), m(7));
  const tilt = Math.atan2(sinTilt, m(8)) / degree;
  if (sinTilt > 1e-7) {
    return { rot: Math.atan2(m(7), m(6)) / degree, tilt, psi: Math.atan2(m(5), -m(2)) / degree };
  }
  // At tilt 180 psi has the opposite sense.
  return { rot: 0, tilt, psi: Math.atan2(m(8) > 0 ? -m(3) : m(3), m(4)) / degree };
}

/**
 * Rotation matrix of a rotation vector (axis times angle in radians), by Rodrigues' formula.
 * @param out receives the nine numbers, row-major, from index `at`. Default: a new array
 */
export function rotationFromVector(
  [x, y, z]: readonly [number, number, number],
  out: Float32Array | Float64Array = new Float64Array(9),
  at = 0,
): Float32Array | Float64Array {
  const angle = Math.hypot(x, y, z);
  // sin θ / θ and (1 − cos θ) / θ², with their limits at θ = 0.
  const s = angle < 1e-8 ? 1 : Math.sin(angle) / angle;
  const c = angle < 1e-4 ? 0.5 : (1 - Math.cos(angle)) / (angle * angle);
  out[at] = 1 - c * (y * y + z * z);
  out[at + 1] = c * x * y - s * z;
  out[at + 2] = c * x * z + s * y;
  out[at + 3] = c * x * y + s * z;
  out[at + 4] = 1 - c * (x * x + z * z);
  out[at + 5] = c * y * z - s * x;
  out[at + 6] = c * x * z - s * y;
  out[at + 7] = c * y * z + s * x;
  out[at + 8] = 1 - c * (x * x + y * y);
  return out;
}

/**
 * Rotation vector (axis times angle in radians, 0 to π) of the rotation matrix (row-major) at index `at`, the inverse of
 * {@link rotationFromVector}. By the quaternion, whose largest component is computed first, so that it is exact near 0 and π.
 */
export function vectorFromRotation(matrix: ArrayLike<number>, at = 0): [number, number, number] {
  const m = (row: number, column: number) => matrix[at + 3 * row + column]!;
  const trace = m(0, 0) + m(1, 1) + m(2, 2);
  // Four times the squares of w, x, y and z.
  const squares = [1 + trace, ...[0, 1, 2].map((i) => 1 + 2 * m(i, i) - trace)];
  const largest = squares.indexOf(Math.max(...squares));
  const differences = [m(2, 1) - m(1, 2), m(0, 2) - m(2, 0), m(1, 0) - m(0, 1)];
  const axis = largest - 1;
  // The quaternion times four times its largest component.
  const w = largest === 0 ? squares[0]! : differences[axis]!;
  const v = differences.map((difference, i) =>
    largest === 0 ? difference : i === axis ? squares[largest]! : m(i, axis) + m(axis, i),
  );
  const length = Math.hypot(...v);
  if (length === 0) return [0, 0, 0];
  // The rotation by 2π − θ about the opposite axis is the same, and shorter if w is negative.
  const scale = (2 * Math.atan2(length, Math.abs(w)) * (w < 0 ? -1 : 1)) / length;
  return [v[0]! * scale, v[1]! * scale, v[2]! * scale];
}

/** Largest deviation of R·Rᵀ from the unit matrix, infinite for a reflection, of the matrix (row-major) at index `at`. */
export function rotationError(matrix: ArrayLike<number>, at = 0): number {
  const m = (i: number, j: number) => matrix[at + 3 * i + j]!;
  let error = 0;
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j <= i; j++) {
      const product = m(i, 0) * m(j, 0) + m(i, 1) * m(j, 1) + m(i, 2) * m(j, 2);
      error = Math.max(error, Math.abs(product - (i === j ? 1 : 0)));
    }
  }
  const determinant =
    m(0, 0) * (m(1, 1) * m(2, 2) - m(1, 2) * m(2, 1)) -
    m(0, 1) * (m(1, 0) * m(2, 2) - m(1, 2) * m(2, 0)) +
    m(0, 2) * (m(1, 0) * m(2, 1) - m(1, 1) * m(2, 0));
  return determinant > 0 ? error : Number.POSITIVE_INFINITY;
}
