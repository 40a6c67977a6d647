import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import { InputError, throwIfStopped } from "../errors";
import { finiteText } from "../finite";
import { createStack } from "../formats/mrc";
import { noMicroscope, relionStarHead } from "../formats/relionStar";
import { frequency, halfWidth, ifft2Real, shiftOrigin } from "../fourier/fft";
import { writeMap } from "../maps/mapFile";
import type { Volume } from "../maps/volume";
import { modelDensity } from "../model/density";
import type { GaussianModel } from "../model/gaussianModel";
import { projectionTransform } from "../model/projectionTransform";
import { type Ctf, CtfEvaluator } from "../optics/ctf";
import { rotationFromEuler } from "../optics/pose";
import { beginTask, type TaskOptions } from "../progress";
import { Random } from "../random";

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

/** Options of `simulate.fromModels`. */
export interface SimulateOptions extends TaskOptions {
  /** Output folder; created if it does not exist. */
  folder: string;
  /** Particles per state. */
  particlesPerState: number;
  /** Signal-to-noise ratio: variance of the signal (after the CTF, over all pixels) divided by that of the noise. Default 1. */
  snr?: number;
  /** Microscope, or `none` for images and a STAR file without CTF. Default `none`. */
  ctf?: SimulatedCtf | "none";
  /** Largest shift along x and y in Å. Default 0. */
  shifts?: number;
  /** Seed of orientations, CTFs and noise. Default 1. */
  seed?: number;
  /** Additional columns of truth.csv, one value per state. Default: none. */
  truth?: Record<string, readonly number[]>;
}

/** The files of a simulated data set, and its ground truth. */
export interface SimulatedData {
  /** Path of particles.mrcs. */
  stack: string;
  /** Path of particles.star. */
  star: string;
  /** Path of consensus.mrc, the mean density of the states. */
  consensus: string;
  /** Path of truth.csv. */
  truth: string;
  /** State of each particle, in the order of the stack. */
  stateOf: Int32Array;
  /** The model of each state. */
  models: readonly GaussianModel[];
  /** Standard deviation of the noise, in units of the images. */
  noise: number;
}

interface Particle {
  state: number;
  angles: [number, number, number];
  /** RELION's origin in Å, the negative of the shift. */
  origin: [number, number];
  ctf: Ctf | undefined;
}

/** Particles from which the variance of the signal is estimated. */
const varianceSample = 500;
const chunkImages = 100;

/**
 * Simulates particles from models: writes an image stack, a RELION 3.1 STAR file, the mean map and the ground truth.
 * Orientations are uniform, states are mixed, and projections of the Gaussians are exact. Equal seeds give equal files.
 *
 * @param models one model per state, all with the same box and pixel size
 * @throws InputError for models or options that do not fit; StoppedError
 * @example
 * ```ts
 * const model = await e2.model.readText("neutral.txt");
 * const data = await e2.simulate.fromModels([model], { folder: "one", particlesPerState: 10, snr: 2 });
 * console.log(data.noise);
 * ```
 */
export async function simulateFromModels(
  models: readonly GaussianModel[],
  given: SimulateOptions,
): Promise<SimulatedData> {
  const options = beginTask(given);
  const { folder, snr = 1, truth = {}, signal, onProgress } = options;
  const { boxSize, apix } = checkInput(models, options);
  const random = new Random(options.seed ?? 1);
  const particles = drawParticles(models.length, options, random.fork(1));
  await mkdir(folder, { recursive: true });
  const at = (name: string) => path.join(folder, name);

  const images = new ImageMaker(boxSize, apix);
  const noise = Math.sqrt(meanVariance(models, particles, images, signal) / snr);
  const normal = random.fork(2);
  const stack = await createStack(at("particles.mrcs"), { size: [boxSize, boxSize], apix });
  try {
    const chunk = new Float32Array(chunkImages * boxSize * boxSize);
    for (let from = 0; from < particles.length; from += chunkImages) {
      throwIfStopped(signal);
      const count = Math.min(chunkImages, particles.length - from);
      for (let i = 0; i < count; i++) {
        const particle = particles[from + i]!;
        const image = images.make(models[particle.state]!, particle);
        const to = i * boxSize * boxSize;
        for (let p = 0; p < image.length; p++) chunk[to + p] = image[p]! + noise * normal.normal();
      }
      await stack.append(chunk.subarray(0, count * boxSize * boxSize));
      onProgress?.({ task: "simulating particles", done: from + count, total: particles.length });
    }
    await stack.close();
  } finally {
    await stack.abort();
  }
  await writeAtomic(at("particles.star"), starText(particles, boxSize, apix));
  await writeMap(at("consensus.mrc"), meanDensity(models));
  await writeAtomic(at("truth.csv"), truthText(particles, truth));
  return {
    stack: at("particles.mrcs"),
    star: at("particles.star"),
    consensus: at("consensus.mrc"),
    truth: at("truth.csv"),
    stateOf: Int32Array.from(particles, (p) => p.state),
    models,
    noise,
  };
}

function checkInput(models: readonly GaussianModel[], options: SimulateOptions): GaussianModel {
  const { particlesPerState, snr = 1, truth = {}, shifts = 0 } = options;
  const first = models[0];
  if (!first) throw new InputError("models", "at least one state", "none");
  if (models.some((m) => m.boxSize !== first.boxSize || m.apix !== first.apix)) {
    throw new InputError("models", "states of one box and pixel size", "several");
  }
  if (!Number.isInteger(particlesPerState) || particlesPerState < 1) {
    throw new InputError("particlesPerState", "a whole number of 1 or more", String(particlesPerState));
  }
  if (!(snr > 0)) throw new InputError("snr", "a number above 0", String(snr));
  if (!(shifts >= 0)) throw new InputError("shifts", "0 Å or more", String(shifts));
  for (const [name, values] of Object.entries(truth)) {
    if (values.length !== models.length) {
      throw new InputError(
        `truth.${name}`,
        `a value for each of ${models.length} states`,
        String(values.length),
      );
    }
  }
  return first;
}

function drawParticles(states: number, options: SimulateOptions, random: Random): Particle[] {
  const { particlesPerState, ctf = "none", shifts = 0 } = options;
  const between = (low: number, high: number, decimals: number) =>
    // Rounded as in the STAR file, so that its poses are exact.
    Number((low + (high - low) * random.uniform()).toFixed(decimals));
  const order = random.permutation(states * particlesPerState);
  return Array.from(order, (place) => ({
    state: Math.floor(place / particlesPerState),
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

/** Makes noise-free images, reusing its memory. */
class ImageMaker {
  private readonly half: Float64Array;
  private readonly image: Float64Array;
  private readonly rotation = new Float64Array(9);

  constructor(
    private readonly boxSize: number,
    private readonly apix: number,
  ) {
    this.half = new Float64Array(2 * halfWidth(boxSize) * boxSize);
    this.image = new Float64Array(boxSize * boxSize);
  }

  /** The image of a particle, [S · S]; valid until the next call. */
  make(model: GaussianModel, { angles, origin, ctf }: Particle): Float64Array {
    const { boxSize, half, rotation } = this;
    const boxLength = boxSize * this.apix;
    rotationFromEuler(angles, rotation);
    const shift = [-origin[0] / boxLength, -origin[1] / boxLength] as const;
    projectionTransform(model, { rotation, shift }, half);
    if (ctf) {
      const transfer = new CtfEvaluator(ctf);
      const width = halfWidth(boxSize);
      for (let y = 0, i = 0; y < boxSize; y++) {
        for (let kx = 0; kx < width; kx++, i += 2) {
          const value = transfer.at(kx / boxLength, frequency(y, boxSize) / boxLength);
          half[i]! *= value;
          half[i + 1]! *= value;
        }
      }
    }
    shiftOrigin(half, [boxSize, boxSize, 1], "toCorner");
    return ifft2Real(half, boxSize, boxSize, this.image);
  }
}

/** Mean variance of noise-free images, estimated from particles spread evenly over the set. */
function meanVariance(
  models: readonly GaussianModel[],
  particles: readonly Particle[],
  images: ImageMaker,
  signal: AbortSignal | undefined,
): number {
  const count = Math.min(varianceSample, particles.length);
  let total = 0;
  for (let i = 0; i < count; i++) {
    throwIfStopped(signal);
    const particle = particles[Math.floor((i * particles.length) / count)]!;
    const image = images.make(models[particle.state]!, particle);
    let sum = 0;
    let square = 0;
    for (const v of image) {
      sum += v;
      square += v * v;
    }
    total += (square - (sum * sum) / image.length) / image.length;
  }
  return total / count;
}

function meanDensity(models: readonly GaussianModel[]): Volume {
  const mean = modelDensity(models[0]!);
  for (let s = 1; s < models.length; s++) {
    const { data } = modelDensity(models[s]!);
    for (let i = 0; i < data.length; i++) mean.data[i]! += data[i]!;
  }
  for (let i = 0; i < mean.data.length; i++) mean.data[i]! /= models.length;
  return mean;
}

function starText(particles: readonly Particle[], boxSize: number, apix: number): string {
  const ctf = particles[0]!.ctf;
  const columns = ["rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi", "rlnOriginXAngst", "rlnOriginYAngst"];
  if (ctf) columns.push("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle");
  columns.push("rlnOpticsGroup", "rlnImageName");
  const rows = particles.map((p, i) => {
    const row = [...p.angles, ...p.origin].map((v) => v.toFixed(6));
    if (p.ctf) row.push(p.ctf.defocusU.toFixed(2), p.ctf.defocusV.toFixed(2), p.ctf.angle.toFixed(4));
    return `${[...row, 1, `${String(i + 1).padStart(6, "0")}@particles.mrcs`].join(" ")}\n`;
  });
  return relionStarHead([{ ...(ctf ?? noMicroscope), apix, boxSize }], columns) + rows.join("");
}

function truthText(particles: readonly Particle[], truth: Record<string, readonly number[]>): string {
  const names = Object.keys(truth);
  const lines = [["index", "state", ...names].join(",")];
  const text = (name: string, state: number) =>
    Number(finiteText(truth[name]![state]!, 6, "truth.csv", `${name} of state ${state}`));
  particles.forEach(({ state }, i) => {
    lines.push([i, state, ...names.map((name) => text(name, state))].join(","));
  });
  return `${lines.join("\n")}\n`;
}
