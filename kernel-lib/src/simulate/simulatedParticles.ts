import { InputError } from "../errors";
import { finiteText } from "../finite";
import { noMicroscope, relionStarHead } from "../formats/relionStar";
import type { Ctf } from "../optics/ctf";
import { type EulerAngles, eulerFromRotation, rotationFromEuler, rotationFromVector } from "../optics/pose";
import type { Random } from "../random";

/** States, poses and CTFs of simulated particles, and the rows of their files. */

/** The microscope of a simulated data set. */
export interface SimulatedCtf {
  /** kV. Default 300. */
  voltage?: number;
  /** mm. Default 2.7. */
  sphericalAberration?: number;
  /** Fraction. Default 0.1. */
  amplitudeContrast?: number;
  /** Range of the underfocus in Å, drawn uniformly. Default [8000, 20000]. */
  defocus?: readonly [number, number];
  /** Largest difference of the two defocus values in Å. Default 400. */
  astigmatism?: number;
}

/** What is wrong with simulated images and with what their STAR file says about them. */
export interface Imperfections {
  /** Standard deviation of the error of the written poses in degrees, about each of three axes. Default 0. */
  poseError?: number;
  /** Standard deviation of the error of the written shifts in Å, along each of two axes. Default 0. */
  shiftError?: number;
  /**
   * Standard deviation of the relative error of the written defocus, one for each particle and both its values: 0.05 is 5 %.
   * Needs a `ctf`. Default 0.
   */
  defocusError?: number;
  /** Relative error that the written defocus of all particles has in common: 0.05 writes 5 % more. Needs a `ctf`. Default 0. */
  defocusOffset?: number;
  /**
   * Relative error of the pixel size that the STAR file and consensus.mrc state: 0.01 writes 3.03 Å for 3 Å. Shifts are scaled
   * alike, as by a program that finds them in pixels. Default 0.
   */
  pixelError?: number;
  /** Noise whose power falls with the spatial frequency s as 1 / (1 + (20 Å · s)²) instead of white noise. Default false. */
  colouredNoise?: boolean;
  /** Diameter in Å of a soft circular mask, with an edge of five pixels, that images and noise are multiplied by. Default: none. */
  maskImages?: number;
}

/** @throws InputError for values out of range */
export function checkImperfections(options: Imperfections, hasCtf: boolean): void {
  const { poseError = 0, shiftError = 0, defocusError = 0, defocusOffset = 0 } = options;
  const { pixelError = 0, maskImages } = options;
  if (!(poseError >= 0)) throw new InputError("poseError", "0° or more", String(poseError));
  if (!(shiftError >= 0)) throw new InputError("shiftError", "0 Å or more", String(shiftError));
  if (!(defocusError >= 0))
    throw new InputError("defocusError", "a fraction of 0 or more", String(defocusError));
  if (defocusError > 0 && !hasCtf) throw new InputError("defocusError", "needs a CTF");
  if (!(Math.abs(defocusOffset) < 0.5)) {
    throw new InputError("defocusOffset", "a fraction between -0.5 and 0.5", String(defocusOffset));
  }
  if (defocusOffset !== 0 && !hasCtf) throw new InputError("defocusOffset", "needs a CTF");
  if (!(Math.abs(pixelError) < 0.5)) {
    throw new InputError("pixelError", "a fraction between -0.5 and 0.5", String(pixelError));
  }
  if (maskImages !== undefined && !(maskImages > 0)) {
    throw new InputError("maskImages", "a diameter in Å above 0", String(maskImages));
  }
}

/** State, pose and CTF of a particle. */
export interface SimulatedParticle {
  state: number;
  angles: EulerAngles;
  /** RELION's origin in Å, the negative of the shift. */
  origin: [number, number];
  ctf: Ctf | undefined;
}

/** What is drawn for each particle. */
interface Draws {
  /** Particles of each state. */
  counts: readonly number[];
  ctf: SimulatedCtf | "none";
  /** Largest shift in Å. */
  shifts: number;
}

/** Draws particles in random order of their states. */
export function drawParticles({ counts, ctf, shifts }: Draws, random: Random): SimulatedParticle[] {
  const between = (low: number, high: number, decimals: number) =>
    // Rounded as in the STAR file, so that its poses are exact.
    Number((low + (high - low) * random.uniform()).toFixed(decimals));
  const states = Int32Array.from(counts.flatMap((count, state) => Array<number>(count).fill(state)));
  const order = random.permutation(states.length);
  return Array.from(order, (place) => ({
    state: states[place]!,
    angles: [
      between(-180, 180, 6),
      Number(((Math.acos(1 - 2 * random.uniform()) * 180) / Math.PI).toFixed(6)),
      between(-180, 180, 6),
    ],
    origin: [between(-shifts, shifts, 6), between(-shifts, shifts, 6)],
    ctf: ctf === "none" ? undefined : drawCtf(ctf, between),
  }));
}

function drawCtf(
  microscope: SimulatedCtf,
  between: (low: number, high: number, decimals: number) => number,
): Ctf {
  const { defocus = [8000, 20000], astigmatism = 400 } = microscope;
  const mean = between(defocus[0], defocus[1], 2);
  const half = between(0, astigmatism / 2, 2);
  return {
    defocusU: Number((mean + half).toFixed(2)),
    defocusV: Number((mean - half).toFixed(2)),
    angle: between(0, 180, 4),
    phaseShift: 0,
    voltage: microscope.voltage ?? noMicroscope.voltage,
    sphericalAberration: microscope.sphericalAberration ?? noMicroscope.sphericalAberration,
    amplitudeContrast: microscope.amplitudeContrast ?? noMicroscope.amplitudeContrast,
    bFactor: 0,
    scale: 1,
  };
}

/** The particles as their STAR file has them, with the errors of `options` in poses and defocus. */
export function withErrors(
  particles: readonly SimulatedParticle[],
  options: Imperfections,
  random: Random,
): SimulatedParticle[] {
  const { poseError = 0, shiftError = 0, defocusError = 0, defocusOffset = 0 } = options;
  const forPoses = random.fork(1);
  const forDefocus = random.fork(2);
  return particles.map((particle) => {
    const written = { ...particle };
    if (poseError > 0) written.angles = turned(particle.angles, poseError, forPoses);
    if (shiftError > 0) {
      written.origin = [0, 1].map((i) => particle.origin[i]! + shiftError * forPoses.normal()) as [
        number,
        number,
      ];
    }
    if (particle.ctf && (defocusError > 0 || defocusOffset !== 0)) {
      const factor = (1 + defocusOffset) * (1 + defocusError * forDefocus.normal());
      const { defocusU, defocusV } = particle.ctf;
      written.ctf = { ...particle.ctf, defocusU: factor * defocusU, defocusV: factor * defocusV };
    }
    return written;
  });
}

/** Angles after a rotation by a random vector, normal with the given standard deviation in degrees along each axis. */
function turned(angles: EulerAngles, degrees: number, random: Random): EulerAngles {
  const vector = [0, 1, 2].map(() => (degrees * Math.PI * random.normal()) / 180);
  const turn = rotationFromVector(vector as [number, number, number]);
  const rotation = rotationFromEuler(angles);
  const product = Float64Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [Math.floor(i / 3), i % 3];
    return [0, 1, 2].reduce((sum, k) => sum + turn[3 * row + k]! * rotation[3 * k + column]!, 0);
  });
  const { rot, tilt, psi } = eulerFromRotation(product);
  return [rot, tilt, psi];
}

/** Text of a RELION 3.1 STAR file. @param box pixel size as stated, and what it is relative to the true one */
export function starText(
  particles: readonly SimulatedParticle[],
  box: { boxSize: number; apix: number; scale: number },
): string {
  const { boxSize, apix, scale } = box;
  const ctf = particles[0]!.ctf;
  const columns = ["rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi", "rlnOriginXAngst", "rlnOriginYAngst"];
  if (ctf) columns.push("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle");
  columns.push("rlnOpticsGroup", "rlnImageName");
  const rows = particles.map((p, i) => {
    const row = [...p.angles, ...p.origin.map((v) => v * scale)].map((v) => v.toFixed(6));
    if (p.ctf) row.push(p.ctf.defocusU.toFixed(2), p.ctf.defocusV.toFixed(2), p.ctf.angle.toFixed(4));
    return `${[...row, 1, `${String(i + 1).padStart(6, "0")}@particles.mrcs`].join(" ")}\n`;
  });
  return relionStarHead([{ ...(ctf ?? noMicroscope), apix, boxSize }], columns) + rows.join("");
}

/** Text of truth.csv. @param truth further columns, one value per state */
export function truthText(
  particles: readonly SimulatedParticle[],
  truth: Record<string, readonly number[]>,
): string {
  const names = Object.keys(truth);
  const lines = [["index", "state", ...names].join(",")];
  const text = (name: string, state: number) =>
    Number(finiteText(truth[name]![state]!, 6, "truth.csv", `${name} of state ${state}`));
  particles.forEach(({ state }, i) => {
    lines.push([i, state, ...names.map((name) => text(name, state))].join(","));
  });
  return `${lines.join("\n")}\n`;
}
