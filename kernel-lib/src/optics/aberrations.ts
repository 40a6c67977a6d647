import { electronWavelength } from "./ctf";

/** What RELION's optics table says of a group beyond defocus and spherical aberration. */
export interface Aberrations {
  /** Coefficients of antisymmetric Zernike polynomials, radians of the phase of the image (`_rlnOddZernike`). */
  odd: readonly number[];
  /** Coefficients of symmetric Zernike polynomials, radians of the phase of the CTF (`_rlnEvenZernike`). */
  even: readonly number[];
  /** Beam tilt along x and y, in mrad. */
  beamTilt: readonly [number, number];
  /** Anisotropic magnification (`_rlnMagMat00`, 01, 10, 11), row-major: the frequency M·k of the particle is at k in the image. */
  magnification: readonly [number, number, number, number];
}

const noMagnification: Aberrations["magnification"] = [1, 0, 0, 1];

/** Whether aberrations change anything. */
export function areAberrations({ odd, even, beamTilt, magnification }: Aberrations): boolean {
  const changes = [...odd, ...even, ...beamTilt].some((x) => x !== 0);
  return changes || magnification.some((x, i) => x !== noMagnification[i]);
}

/** Whether there is an anisotropic magnification. */
export const isMagnified = ({ magnification }: Aberrations): boolean =>
  magnification.some((x, i) => x !== noMagnification[i]);

/** The larger singular value of the magnification. */
export function largestMagnification([a, b, c, d]: Aberrations["magnification"]): number {
  const [sum, difference] = [a * a + b * b + c * c + d * d, Math.abs(a * d - b * c)];
  return Math.sqrt((sum + Math.sqrt(Math.max(0, sum * sum - 4 * difference * difference))) / 2);
}

/** Order m and degree n of a coefficient of RELION's lists. */
function orderOf(index: number, odd: boolean): [m: number, n: number] {
  if (odd) {
    const k = Math.floor((Math.sqrt(1 + 4 * index) - 1) / 2);
    return [2 * (index - k * k - k) - (2 * k + 1), 2 * k + 1];
  }
  const k = Math.floor(Math.sqrt(index));
  return [2 * (index - k * k - k), 2 * k];
}

function factorial(n: number): number {
  let product = 1;
  for (let i = 2; i <= n; i++) product *= i;
  return product;
}

/**
 * The Zernike polynomial R_n^|m|(ρ)·cos(mφ), or sin(|m|φ) for negative m, at (x, y). RELION puts frequencies in 1/Å, not fractions of
 * the aperture.
 */
export function zernike(m: number, n: number, x: number, y: number): number {
  const order = Math.abs(m);
  const rho = Math.hypot(x, y);
  let radial = 0;
  for (let k = 0; k <= (n - order) / 2; k++) {
    const sign = k % 2 === 0 ? 1 : -1;
    const divisor = factorial(k) * factorial((n + order) / 2 - k) * factorial((n - order) / 2 - k);
    radial += ((sign * factorial(n - k)) / divisor) * rho ** (n - 2 * k);
  }
  const angle = Math.atan2(y, x);
  return radial * (m < 0 ? Math.sin(order * angle) : Math.cos(order * angle));
}

function zernikeSum(coefficients: readonly number[], odd: boolean, x: number, y: number): number {
  return coefficients.reduce((sum, coefficient, index) => {
    if (coefficient === 0) return sum;
    return sum + coefficient * zernike(...orderOf(index, odd), x, y);
  }, 0);
}

/** The frequency M·k. */
export function magnified(
  [a, b, c, d]: Aberrations["magnification"],
  x: number,
  y: number,
): [number, number] {
  return [a * x + b * y, c * x + d * y];
}

/**
 * Radians by which the phase of the image's transform is turned at the frequency (x, y) in 1/Å: of the antisymmetric Zernike polynomials,
 * and −2·10⁴·π·Cs·λ²·s²·(tilt · s) of the beam tilt (Cs in mm, λ in Å, tilt in mrad).
 */
export function oddPhase(
  { odd, beamTilt, magnification }: Aberrations,
  { sphericalAberration, voltage }: { sphericalAberration: number; voltage: number },
  x: number,
  y: number,
): number {
  const [mx, my] = magnified(magnification, x, y);
  const [tiltX, tiltY] = beamTilt;
  const tilted = tiltX !== 0 || tiltY !== 0;
  const scale = tilted ? 20000 * Math.PI * sphericalAberration * electronWavelength(voltage) ** 2 : 0;
  return zernikeSum(odd, true, mx, my) - scale * (mx * mx + my * my) * (tiltX * mx + tiltY * my);
}

/** Radians to subtract from χ at the frequency (x, y) in 1/Å: of the symmetric Zernike polynomials. */
export function evenPhase({ even, magnification }: Aberrations, x: number, y: number): number {
  return zernikeSum(even, false, ...magnified(magnification, x, y));
}
