import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomicWrite";
import { InputError, throwIfStopped } from "../errors";
import { writeMap } from "../maps/mapFile";
import type { GaussianModel } from "../model/gaussianModel";
import type { Ctf } from "../optics/ctf";
import { beginTask, type TaskOptions } from "../progress";
import { Random } from "../random";
import { BoxCrop } from "./boxCrop";
import { ImageMaker, meanVariance } from "./simulatedImages";
import {
  checkImperfections,
  drawParticles,
  type Imperfections,
  type SimulatedCtf,
  type SimulatedParticle,
  type SimulatedViews,
  starText,
  truthText,
  withErrors,
} from "./simulatedParticles";
import { nameInBox, type StackBox, writeStacks } from "./simulatedStack";
import { type MapSource, type SimulatedStates, statesOfMaps, statesOfModels } from "./simulatedStates";
import { stateCounts } from "./stateCounts";
import { checkTilts, drawSeen, type TiltScheme, tiltImages } from "./tiltScheme";

/** Options of `simulate.fromModels`. */
export interface SimulateOptions extends TaskOptions, Imperfections, Partial<TiltScheme> {
  /** Output folder; created if it does not exist. */
  folder: string;
  /** Particles per state; or give `particles`. */
  particlesPerState?: number;
  /** Particles in total, divided among the states by `fractions`; instead of `particlesPerState`. */
  particles?: number;
  /** With `particles`: the fraction of each state; their sum is 1. Default: all equal. */
  fractions?: readonly number[];
  /**
   * Signal-to-noise ratio: variance of the signal (after the CTF, over all pixels) divided by that of the noise. With `tilts` that of
   * one image with the exposure of all of them and without damage, so that sets with and without tilts compare. Default 1.
   */
  snr?: number;
  /** SNR of white noise in the specimen, on which the CTF and its envelope act: variances before the CTF. Default: no such noise. */
  solventSnr?: number;
  /**
   * Microscope, or `none` for images and a STAR file without CTF; or CTFs, such as those of real particles: one for each particle in
   * order, or more, of which some are drawn. Default `none`.
   */
  ctf?: SimulatedCtf | "none" | readonly Ctf[];
  /** B factor in Å² of an envelope exp(−B s²/4), in addition to those of the CTFs; written as rlnCtfBfactor. Default 0. */
  bFactor?: number;
  /**
   * Views, such as those of a `ParticleSet`: one for each particle in order, or more, of which some are drawn. Their shifts are used
   * unless `shifts` is given. Default: uniform.
   */
  views?: SimulatedViews;
  /** Largest shift along x and y in Å. Default 0. */
  shifts?: number;
  /** Sizes in pixels of smaller boxes, in which the same images are written as well: particles_box32.mrcs, …. Default: none. */
  boxes?: readonly number[];
  /** Whether to write the map of each state, truth_maps/state_0.mrc, …, as `e2gmm score` reads them. Default false. */
  truthMaps?: boolean;
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
  const states = statesOfModels(models);
  return { ...(await simulateStates(states, options)), models };
}

/**
 * Simulates particles from maps, such as those of a molecular-dynamics path or of an atomic ensemble: as {@link simulateFromModels}, with
 * projections that are slices of the maps' transforms up to the Nyquist frequency, interpolated to 1e-4. Give functions that read
 * the maps if they are many: one is in memory at a time.
 *
 * @param maps one map per state, cubes of the same voxels, which become the pixels of the images
 * @throws InputError for maps or options that do not fit; StoppedError
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const states = [map, () => e2.maps.read("consensus.mrc")];
 * const data = await e2.simulate.fromMaps(states, { folder: "maps", particles: 10, snr: 0.1, ctf: {}, bFactor: 100 });
 * console.log(data.star);
 * ```
 */
export async function simulateFromMaps(
  maps: readonly MapSource[],
  given: SimulateOptions,
): Promise<Omit<SimulatedData, "models">> {
  const options = beginTask(given);
  return simulateStates(await statesOfMaps(maps), options);
}

async function simulateStates(
  states: SimulatedStates,
  options: SimulateOptions,
): Promise<Omit<SimulatedData, "models">> {
  const { folder, snr = 1, solventSnr, truth = {}, pixelError = 0, signal } = options;
  checkInput(states, options);
  const counts = stateCounts(states.count, options);
  const random = new Random(options.seed ?? 1);
  const particles = drawParticles(counts, options, random);
  const boxes = boxesOf(states, options.boxes);
  await mkdir(folder, { recursive: true });
  const at = (name: string) => path.join(folder, name);

  const scheme = tiltsOf(options);
  const seen = scheme && drawSeen(particles.length, scheme, random.fork(8));
  const inTilts = (of: readonly SimulatedParticle[]) => (scheme ? tiltImages(of, seen!, scheme) : of);
  const shown = inTilts(particles);
  const images = new ImageMaker(states.boxSize, states.apix);
  const variance = await meanVariance(states, particles, images, signal);
  // A tilt has its part of the exposure.
  const noise = Math.sqrt((variance * (scheme?.tilts ?? 1)) / snr);
  let solventNoise = 0;
  if (solventSnr !== undefined) {
    const withoutCtf = particles.map((particle) => ({ ...particle, ctf: undefined }));
    solventNoise = Math.sqrt((await meanVariance(states, withoutCtf, images, signal)) / solventSnr);
  }
  const generators = { random: random.fork(2), solventRandom: random.fork(5) };
  const content = { ...generators, states, particles: shown, images, noise, solventNoise };
  await writeStacks(folder, boxes, content, options);
  const withError = withErrors(particles, options, random.fork(3));
  const wrongPoses = Boolean(options.poseError || options.shiftError);
  const written = inTilts(withError);
  const right = inTilts(withError.map((p, i) => ({ ...particles[i]!, ctf: p.ctf })));
  for (const box of boxes) {
    const stated = { ...box, apix: Number((box.apix * (1 + pixelError)).toPrecision(9)) };
    const named = { ...stated, scale: 1 + pixelError, stack: `${nameInBox("particles", box, states)}.mrcs` };
    const star = (name: string) => at(`${nameInBox(name, box, states)}.star`);
    if (wrongPoses) await writeAtomic(star("true_poses"), starText(right, named));
    await writeAtomic(star("particles"), starText(written, named));
  }
  const apix = Number((states.apix * (1 + pixelError)).toPrecision(9));
  await writeMap(at("consensus.mrc"), { ...(await states.mean(counts)), apix });
  if (options.truthMaps) await writeTruthMaps(states, at("truth_maps"), signal);
  await writeAtomic(at("truth.csv"), truthText(particles, truth));
  return {
    stack: at("particles.mrcs"),
    star: at("particles.star"),
    ...(wrongPoses && { truePoses: at("true_poses.star") }),
    consensus: at("consensus.mrc"),
    truth: at("truth.csv"),
    stateOf: Int32Array.from(particles, (p) => p.state),
    noise,
  };
}

/** The tilt scheme of the options; undefined for single images. */
function tiltsOf({ tilts, tiltStep, tiltDose, missingTilts }: Partial<TiltScheme>): TiltScheme | undefined {
  if (tilts === undefined) return undefined;
  return {
    tilts,
    ...(tiltStep !== undefined && { tiltStep }),
    ...(tiltDose !== undefined && { tiltDose }),
    ...(missingTilts !== undefined && { missingTilts }),
  };
}

/** @throws InputError for boxes that are not smaller, or given twice */
function boxesOf(states: SimulatedStates, smaller: readonly number[] = []): StackBox[] {
  const { boxSize, apix } = states;
  const twice = smaller.find((size, i) => smaller.indexOf(size) < i);
  if (twice !== undefined) throw new InputError("boxes", "different sizes", `${twice} twice`);
  for (const size of smaller) new BoxCrop(boxSize, size);
  return [boxSize, ...smaller].map((size) => ({ boxSize: size, apix: (boxSize * apix) / size }));
}

async function writeTruthMaps(
  states: SimulatedStates,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const digits = String(states.count - 1).length;
  for (let s = 0; s < states.count; s++) {
    throwIfStopped(signal);
    await writeMap(
      path.join(folder, `state_${String(s).padStart(digits, "0")}.mrc`),
      await states.density(s),
    );
  }
}

function checkInput(states: SimulatedStates, options: SimulateOptions): void {
  const { snr = 1, solventSnr = 1, bFactor = 0, truth = {}, shifts = 0, ctf = "none" } = options;
  if (!(snr > 0)) throw new InputError("snr", "a number above 0", String(snr));
  if (!(solventSnr > 0)) throw new InputError("solventSnr", "a number above 0", String(solventSnr));
  if (!(shifts >= 0)) throw new InputError("shifts", "0 Å or more", String(shifts));
  if (!(bFactor >= 0)) throw new InputError("bFactor", "0 Å² or more", String(bFactor));
  if (bFactor > 0 && ctf === "none") throw new InputError("bFactor", "needs a CTF");
  checkImperfections(options, ctf !== "none");
  const scheme = tiltsOf(options);
  if (scheme) {
    checkTilts(scheme);
    if (ctf === "none") throw new InputError("tilts", "needs a CTF");
    if (bFactor > 0)
      throw new InputError(
        "bFactor",
        "no B factor with tilts, whose amplitude falls with the exposure",
        `${bFactor}`,
      );
  } else {
    const alone = (["tiltStep", "tiltDose", "missingTilts"] as const).find(
      (name) => options[name] !== undefined,
    );
    if (alone) throw new InputError(alone, "`tilts` with it", "none");
  }
  for (const [name, values] of Object.entries(truth)) {
    if (values.length !== states.count) {
      throw new InputError(
        `truth.${name}`,
        `a value for each of ${states.count} states`,
        String(values.length),
      );
    }
  }
}
