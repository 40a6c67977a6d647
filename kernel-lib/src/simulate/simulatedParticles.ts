import { InputError } from "../errors";
import { finiteText } from "../finite";
import { noMicroscope, OpticsGroups, relionStarHead } from "../formats/relionStar";
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
  /** Its number, where several images show one particle. */
  particle?: number;
}

/** Views to simulate: those of a `ParticleSet`, for example. */
export interface SimulatedViews {
  /** Rotation matrices reference → image, [n · 9]. */
  rotations: ArrayLike<number>;
  /** In Å, [n · 2]. Default: 0. */
  shifts?: ArrayLike<number>;
}

/** What is drawn for each particle; see the options of a simulation. */
interface Draws {
  ctf?: SimulatedCtf | "none" | readonly Ctf[];
  bFactor?: number;
  views?: SimulatedViews;
  shifts?: number;
}

const isList = (ctf: SimulatedCtf | "none" | readonly Ctf[]): ctf is readonly Ctf[] => Array.isArray(ctf);

type Between = (low: number, high: number, decimals: number) => number;

/**
 * Draws particles in random order of their states.
 * @param counts particles of each state
 * @throws InputError for fewer views or CTFs than particles
 */
export function drawParticles(
  counts: readonly number[],
  options: Draws,
  generators: Random,
): SimulatedParticle[] {
  const { ctf = "none", bFactor = 0, views, shifts } = options;
  const random = generators.fork(1);
  // Rounded as in the STAR file, so that its poses are exact.
  const between: Between = (low, high, decimals) => rounded(low + (high - low) * random.uniform(), decimals);
  const states = Int32Array.from(counts.flatMap((count, state) => Array<number>(count).fill(state)));
  const order = random.permutation(states.length);
  const viewAt = views && chosen("views", views.rotations.length / 9, states.length, generators.fork(6));
  const ctfs = isList(ctf) ? ctf : undefined;
  const microscope = ctf === "none" || isList(ctf) ? undefined : ctf;
  const ctfAt = ctfs && chosen("ctf", ctfs.length, states.length, generators.fork(7));
  const most = shifts ?? 0;
  return Array.from(order, (place, i) => {
    const given = views && viewOf(views, viewAt![i]!);
    const angles = given?.angles ?? drawAngles(between, random);
    const drawn: [number, number] = [between(-most, most, 6), between(-most, most, 6)];
    const own = ctfAt ? givenCtf(ctfs![ctfAt[i]!]!) : microscope && drawCtf(microscope, between);
    return {
      ...{ state: states[place]!, angles },
      origin: given && shifts === undefined ? given.origin : drawn,
      ctf: own && { ...own, bFactor: own.bFactor + bFactor },
    };
  });
}

const rounded = (value: number, decimals: number): number => Number(value.toFixed(decimals));

/** Which of `available` rows each of `count` particles gets: its own, or some of more. */
function chosen(name: string, available: number, count: number, random: Random): Int32Array {
  if (!Number.isInteger(available) || available < count) {
    throw new InputError(name, `one for each of ${count} particles, or more`, String(available));
  }
  if (available === count) return Int32Array.from({ length: count }, (_, i) => i);
  return random.permutation(available).slice(0, count);
}

const drawAngles = (between: Between, random: Random): EulerAngles => [
  between(-180, 180, 6),
  rounded((Math.acos(1 - 2 * random.uniform()) * 180) / Math.PI, 6),
  between(-180, 180, 6),
];

function viewOf({ rotations, shifts }: SimulatedViews, i: number) {
  const { rot, tilt, psi } = eulerFromRotation(rotations, 9 * i);
  const angles = [rot, tilt, psi].map((angle) => rounded(angle, 6)) as unknown as EulerAngles;
  const origin = [0, 1].map((axis) => rounded(-(shifts?.[2 * i + axis] ?? 0), 6)) as [number, number];
  return { angles, origin };
}

/** A CTF as the STAR file states it. */
function givenCtf(ctf: Ctf): Ctf {
  return {
    ...ctf,
    defocusU: rounded(ctf.defocusU, 2),
    defocusV: rounded(ctf.defocusV, 2),
    angle: rounded(ctf.angle, 4),
    phaseShift: rounded(ctf.phaseShift, 4),
  };
}

function drawCtf(microscope: SimulatedCtf, between: Between): Ctf {
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

/** What a STAR file says of its images: pixel size as stated, what it is relative to the true one, and the file of the stack. */
interface StatedImages {
  boxSize: number;
  apix: number;
  scale: number;
  stack: string;
}

/** Columns of a CTF that only some data have: decimals, and the value that is left out. */
const optionalCtf = [
  ["rlnPhaseShift", "phaseShift", 4, 0],
  ["rlnCtfBfactor", "bFactor", 4, 0],
  ["rlnCtfScalefactor", "scale", 6, 1],
] as const;

/** Text of a RELION 3.1 STAR file, with an optics group for each microscope. */
export function starText(particles: readonly SimulatedParticle[], images: StatedImages): string {
  const { boxSize, apix, scale, stack } = images;
  const hasCtf = particles[0]!.ctf !== undefined;
  const groups = new OpticsGroups();
  const columns = ["rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi", "rlnOriginXAngst", "rlnOriginYAngst"];
  if (hasCtf) columns.push("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle");
  const more = optionalCtf.filter(([, key, , standard]) =>
    particles.some((p) => p.ctf && p.ctf[key] !== standard),
  );
  const tilts = particles[0]!.particle !== undefined;
  const own = more.filter(([, key]) => !tilts || (key !== "bFactor" && key !== "scale"));
  columns.push(...own.map(([label]) => label));
  // As Warp and M write tilt series: images of one particle share a group, the exposure is in the B factor.
  if (tilts) columns.push("rlnCtfBfactor", "rlnCtfScalefactor", "rlnGroupName");
  columns.push("rlnOpticsGroup", "rlnImageName");
  const rows = particles.map((p, i) => {
    const row = [...p.angles, ...p.origin.map((v) => v * scale)].map((v) => v.toFixed(6));
    if (p.ctf) row.push(p.ctf.defocusU.toFixed(2), p.ctf.defocusV.toFixed(2), p.ctf.angle.toFixed(4));
    for (const [, key, decimals] of own) row.push(p.ctf![key].toFixed(decimals));
    if (p.particle !== undefined) {
      row.push((-4 * p.ctf!.dose!).toFixed(4), p.ctf!.scale.toFixed(6), groupName(p.particle));
    }
    const group = groups.number(p.ctf ?? noMicroscope);
    return `${[...row, group, `${String(i + 1).padStart(6, "0")}@${stack}`].join(" ")}\n`;
  });
  const optics = groups.microscopes.map((microscope) => ({ ...microscope, apix, boxSize }));
  return relionStarHead(optics, columns) + rows.join("");
}

/** Particles of a simulated tomogram. */
const perTomogram = 50;

const groupName = (particle: number): string =>
  `tomogram${String(Math.floor(particle / perTomogram) + 1).padStart(3, "0")}_${String(particle).padStart(7, "0")}`;

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
