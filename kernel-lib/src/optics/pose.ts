/** Orientations: RELION's Euler angles, cryoSPARC's rotation vectors, and the rotation matrices used everywhere else. */

const degree = Math.PI / 180;

/**
 * Rotation matrix reference → image of RELION's ZYZ Euler angles in degrees, row-major, written to `out` from `at`.
 */
export function rotationFromEuler(
  rot: number,
  tilt: number,
  psi: number,
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
 * RELION's Euler angles in degrees of a rotation matrix: rot and psi in (−180, 180], tilt in [0, 180]. Where tilt is
 * 0 or 180 only one combination of rot and psi matters, and rot is 0.
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
  // Looking along −z, psi turns the other way.
  return { rot: 0, tilt, psi: Math.atan2(m(8) > 0 ? -m(3) : m(3), m(4)) / degree };
}

/** Rotation matrix of a rotation vector (axis times angle in radians) by Rodrigues' formula, row-major. */
export function rotationFromVector(
  x: number,
  y: number,
  z: number,
  out: Float32Array | Float64Array = new Float64Array(9),
  at = 0,
): Float32Array | Float64Array {
  const angle = Math.hypot(x, y, z);
  // sin θ / θ and (1 − cos θ) / θ², with their limits where θ vanishes.
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
