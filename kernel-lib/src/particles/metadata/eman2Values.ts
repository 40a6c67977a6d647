import { InputError } from "../../errors";
import { rotationError } from "../../optics/pose";

/** EMAN2's transforms and CTF parameters, in the forms in which lists and HDF5 files hold them. */

/** CTF parameters of an image. */
export interface Eman2Ctf {
  /** Mean defocus in µm, underfocus positive. */
  defocus: number;
  /** Difference of the defoci along the major and the minor axis, in µm. */
  dfdiff: number;
  /** Direction of the major axis in degrees, counter-clockwise from x. */
  dfang: number;
  /** Amplitude contrast in percent; beyond ±100 the phase shift of a phase plate, see {@link phaseOfContrast}. */
  ampcont: number;
  /** kV. */
  voltage: number;
  /** mm. */
  cs: number;
  /** Å per pixel; 0 if unknown. */
  apix: number;
  /** Å², of the signal's fall-off. */
  bfactor: number;
}

/** The parameters in the order in which EMAN2 writes them. */
export const ctfNames = [
  "defocus",
  "dfdiff",
  "dfang",
  "bfactor",
  "ampcont",
  "voltage",
  "cs",
  "apix",
] as const;

/**
 * CTF parameters from a dictionary, or from the text of an HDF5 attribute: `E` and the numbers in the order defocus, dfdiff, dfang,
 * bfactor, ampcont, voltage, cs, apix (EMAN2's libEM/ctf.cpp).
 * @throws InputError for anything else
 */
export function eman2Ctf(value: unknown, where: string): Eman2Ctf {
  let numbers: number[] = [];
  if (typeof value === "string" && value.startsWith("E")) {
    numbers = value.slice(1).trim().split(/\s+/).slice(0, ctfNames.length).map(Number);
  } else if (isDictionary(value)) {
    // Old versions leave out what is 0.
    numbers = ctfNames.map((name) => Number(value[name] ?? 0));
  }
  if (numbers.length !== ctfNames.length || numbers.some((x) => !Number.isFinite(x))) {
    const found = JSON.stringify(value)?.slice(0, 60) ?? "nothing";
    throw new InputError(where, "CTF parameters of EMAN2", found);
  }
  return Object.fromEntries(ctfNames.map((name, i) => [name, numbers[i]!])) as unknown as Eman2Ctf;
}

/**
 * Amplitude contrast as a fraction, and phase shift in degrees. EMAN2's CTF is sin(γ + φ) with φ = asin(c/100) for −100 < c ≤ 100,
 * π − asin(2 − c/100) above and −π − asin(−2 − c/100) below; ours is sin(χ + asin Q) with the phase shift in χ.
 */
export function phaseOfContrast(ampcont: number): { amplitudeContrast: number; phaseShift: number } {
  const c = ampcont / 100;
  if (c >= 0 && c <= 1) return { amplitudeContrast: c, phaseShift: 0 };
  const phase = c > 1 ? Math.PI - Math.asin(2 - c) : c > -1 ? Math.asin(c) : -Math.PI - Math.asin(-2 - c);
  return { amplitudeContrast: 0, phaseShift: (phase * 180) / Math.PI };
}

/** Largest deviation of R·Rᵀ from the unit matrix that comes from six digits. */
const roundingError = 1e-3;

/**
 * Rotation matrix reference → image [9] and position of the particle [2], in pixels, of a transform: EMAN2's matrix itself, since
 * its spider angles (phi, theta, psi) are RELION's (rot, tilt, psi), and its translation, RELION's origin with the opposite sign
 * (EMAN2's programs/e2convertrelion.py).
 * @param value 12 numbers, as a list or in text; a dictionary with `matrix`; or EMAN2's angles az, alt, phi and tx, ty
 * @throws InputError for other values, and for transforms with mirror or scale
 */
export function eman2Pose(value: unknown, where: string): { rotation: number[]; shift: [number, number] } {
  const matrix = matrixOf(value);
  if (!matrix) {
    const found = JSON.stringify(value)?.slice(0, 60) ?? "nothing";
    throw new InputError(where, "a transform of EMAN2, a matrix of 3 × 4 numbers", found);
  }
  const rotation = [0, 1, 2].flatMap((row) => matrix.slice(4 * row, 4 * row + 3));
  if (rotationError(rotation) > roundingError) {
    throw new InputError(
      where,
      "a rotation without scale and mirror",
      rotation.map((x) => x.toFixed(4)).join(" "),
    );
  }
  return { rotation, shift: [matrix[3]!, matrix[7]!] };
}

function matrixOf(value: unknown): number[] | undefined {
  if (typeof value === "string") return twelve(value.replace(/[[\]()]/g, "").split(","));
  if (Array.isArray(value)) return twelve(value);
  if (!isDictionary(value)) return undefined;
  if (value["matrix"] !== undefined) return matrixOf(value["matrix"]);
  return value["az"] === undefined ? undefined : matrixOfAngles(value);
}

function twelve(values: readonly unknown[]): number[] | undefined {
  const numbers = values.map((x) => (x === "" ? Number.NaN : Number(x)));
  return numbers.length === 12 && numbers.every(Number.isFinite) ? numbers : undefined;
}

/** The matrix Rz(phi)·Rx(alt)·Rz(az), in which Rz and Rx turn the axes, with a translation after it. */
function matrixOfAngles(value: Record<string, unknown>): number[] | undefined {
  const [az, alt, phi] = ["az", "alt", "phi"].map((name) => (Number(value[name] ?? 0) * Math.PI) / 180) as [
    number,
    number,
    number,
  ];
  const [tx, ty, tz] = ["tx", "ty", "tz"].map((name) => Number(value[name] ?? 0)) as [number, number, number];
  const [ca, sa, ct, st, cp, sp] = [
    Math.cos(az),
    Math.sin(az),
    Math.cos(alt),
    Math.sin(alt),
    Math.cos(phi),
    Math.sin(phi),
  ] as [number, number, number, number, number, number];
  return twelve([
    cp * ca - ct * sa * sp,
    cp * sa + ct * ca * sp,
    st * sp,
    tx,
    -sp * ca - ct * sa * cp,
    -sp * sa + ct * ca * cp,
    st * cp,
    ty,
    st * sa,
    -st * ca,
    ct,
    tz,
  ]);
}

/** A pose as EMAN2 writes a transform into a list. */
export function eman2Transform(rotation: ArrayLike<number>, at: number, shift: readonly [number, number]) {
  const translation = [shift[0], shift[1], 0];
  const numbers = translation.flatMap((t, row) => [
    ...[0, 1, 2].map((column) => rotation[at + 3 * row + column]!),
    t,
  ]);
  // As a text, with the nine digits that a float32 needs.
  const matrix = `[${numbers.map((x) => String(Number(x.toPrecision(9)))).join(",")}]`;
  return { __class__: "Transform", matrix };
}

/** Whether images of a file are phase flipped: by an attribute of theirs, or by the name that EMAN2's programs give them. */
export function isPhaseFlipped(file: string, attribute: (name: string) => unknown): boolean | undefined {
  const flag = attribute("ctf_phase_flipped") ?? attribute("is_ctf_phase_flipped");
  if (flag !== undefined) return Number(flag) !== 0;
  return /__ctf_flip|__wiener|_flip(_|\.|$)/.test(file) ? true : undefined;
}

export function isDictionary(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
