import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import { InputError, throwIfStopped } from "../errors";
import { createStack } from "../formats/mrc";
import { writeMap } from "../maps/mapFile";
import type { GaussianModel } from "../model/gaussianModel";
import { beginTask, type TaskOptions } from "../progress";
import { Random } from "../random";
import { meanDensity } from "./meanDensity";
import { circularMask, ImageMaker, meanVariance, NoiseMaker } from "./simulatedImages";
import {
  checkImperfections,
  drawParticles,
  type Imperfections,
  type SimulatedCtf,
  type SimulatedParticle,
  starText,
  truthText,
  withErrors,
} from "./simulatedParticles";
import { stateCounts } from "./stateCounts";

/** Options of `simulate.fromModels`. */
export interface SimulateOptions extends TaskOptions, Imperfections {
  /** Output folder; created if it does not exist. */
  folder: string;
  /** Particles per state; or give `particles`. */
  particlesPerState?: number;
  /** Particles in total, divided among the states by `fractions`; instead of `particlesPerState`. */
  particles?: number;
  /** With `particles`: the fraction of each state; their sum is 1. Default: all equal. */
  fractions?: readonly number[];
  /** Signal-to-noise ratio: variance of the signal (after the CTF, over all pixels) divided by that of the noise. Default 1. */
  snr?: number;
  /** Microscope, or `none` for images and a STAR file without CTF. Default `none`. */
  ctf?: SimulatedCtf | "none";
  /** Largest shift along x and y in Å. Default 0. */
  shifts?: number;
  /** Seed of orientations, CTFs, noise and errors. Default 1. */
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
  /**
   * Path of true_poses.star, written with a `poseError` or `shiftError` only: particles.star with the right poses and shifts.
   */
  truePoses?: string;
  /** Path of consensus.mrc, the mean density of the particles, whatever the errors of their poses. */
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

const chunkImages = 100;

/**
 * Simulates particles from models: writes an image stack, a RELION 3.1 STAR file, the mean map and the ground truth.
 * Orientations are uniform, states are mixed, and projections of the Gaussians are exact. Equal seeds give equal files.
 * For a continuous motion, give one model per particle with `particlesPerState` 1.
 *
 * With a `poseError` or `shiftError`, particles.star has wrong poses and true_poses.star the right ones. consensus.mrc is the true
 * mean density in any case; the map that a refinement with the wrong poses would show is made by `reconstruct` from
 * particles.star.
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
  const { folder, snr = 1, truth = {}, ctf = "none", shifts = 0, pixelError = 0, signal } = options;
  const { boxSize, apix } = checkInput(models, options);
  const counts = stateCounts(models.length, options);
  const random = new Random(options.seed ?? 1);
  const particles = drawParticles({ counts, ctf, shifts }, random.fork(1));
  await mkdir(folder, { recursive: true });
  const at = (name: string) => path.join(folder, name);

  const images = new ImageMaker(boxSize, apix);
  const noise = Math.sqrt(meanVariance(models, particles, images, signal) / snr);
  await writeStack(
    at("particles.mrcs"),
    { models, particles, images, noise, random: random.fork(2) },
    options,
  );
  const stated = { boxSize, apix: Number((apix * (1 + pixelError)).toPrecision(9)), scale: 1 + pixelError };
  const written = withErrors(particles, options, random.fork(3));
  const wrongPoses = Boolean(options.poseError || options.shiftError);
  if (wrongPoses) {
    const right = written.map((p, i) => ({ ...particles[i]!, ctf: p.ctf }));
    await writeAtomic(at("true_poses.star"), starText(right, stated));
  }
  await writeAtomic(at("particles.star"), starText(written, stated));
  await writeMap(at("consensus.mrc"), { ...meanDensity(models, counts), apix: stated.apix });
  await writeAtomic(at("truth.csv"), truthText(particles, truth));
  return {
    stack: at("particles.mrcs"),
    star: at("particles.star"),
    ...(wrongPoses && { truePoses: at("true_poses.star") }),
    consensus: at("consensus.mrc"),
    truth: at("truth.csv"),
    stateOf: Int32Array.from(particles, (p) => p.state),
    models,
    noise,
  };
}

interface StackContent {
  models: readonly GaussianModel[];
  particles: readonly SimulatedParticle[];
  images: ImageMaker;
  noise: number;
  random: Random;
}

async function writeStack(file: string, content: StackContent, options: SimulateOptions): Promise<void> {
  const { models, particles, images, noise, random } = content;
  const { boxSize, apix } = models[0]!;
  const { signal, onProgress, colouredNoise = false, maskImages } = options;
  const noiseMaker = new NoiseMaker(random, boxSize, apix, colouredNoise);
  const mask = maskImages === undefined ? undefined : circularMask(boxSize, maskImages / apix);
  const stack = await createStack(file, { size: [boxSize, boxSize], apix });
  try {
    const chunk = new Float32Array(chunkImages * boxSize * boxSize);
    for (let from = 0; from < particles.length; from += chunkImages) {
      throwIfStopped(signal);
      const count = Math.min(chunkImages, particles.length - from);
      for (let i = 0; i < count; i++) {
        const particle = particles[from + i]!;
        const image = images.make(models[particle.state]!, particle);
        const added = noiseMaker.make();
        const to = i * boxSize * boxSize;
        for (let p = 0; p < image.length; p++) chunk[to + p] = image[p]! + noise * added[p]!;
        if (mask) for (let p = 0; p < image.length; p++) chunk[to + p]! *= mask[p]!;
      }
      await stack.append(chunk.subarray(0, count * boxSize * boxSize));
      onProgress?.({ task: "simulating particles", done: from + count, total: particles.length });
    }
    await stack.close();
  } finally {
    await stack.abort();
  }
}

function checkInput(models: readonly GaussianModel[], options: SimulateOptions): GaussianModel {
  const { snr = 1, truth = {}, shifts = 0, ctf = "none" } = options;
  const first = models[0];
  if (!first) throw new InputError("models", "at least one state", "none");
  if (models.some((m) => m.boxSize !== first.boxSize || m.apix !== first.apix)) {
    throw new InputError("models", "states of one box and pixel size", "several");
  }
  if (!(snr > 0)) throw new InputError("snr", "a number above 0", String(snr));
  if (!(shifts >= 0)) throw new InputError("shifts", "0 Å or more", String(shifts));
  checkImperfections(options, ctf !== "none");
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
