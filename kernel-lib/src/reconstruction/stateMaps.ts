import { InputError, throwIfStopped } from "../errors";
import { sphericalMask } from "../maps/mask";
import type { Volume } from "../maps/volume";
import { availableMemory } from "../memoryLimit";
import { pointGroup } from "../optics/symmetry";
import type { LeftOutImage } from "../particles/images/imageOutliers";
import { beginTask, type TaskOptions } from "../progress";
import { backproject } from "./backproject";
import { sumBytes } from "./gridLayout";
import type { ImagePass } from "./imagePass";
import type { ImageSource } from "./imageSource";
import { checkPart, type Part, removeSums } from "./keptSums";
import {
  checkPlaces,
  type PlacedParticles,
  type StateKernel,
  sharesOfStates,
  stateKernel,
} from "./kernelWeights";
import { type LocalResolution, type LocalResolutionOptions, localResolution } from "./localResolution";
import {
  checkBoxSize,
  checkIndices,
  halfChooser,
  mapsOf,
  type Reconstruction,
  type ReconstructOptions,
} from "./reconstruct";

/** Options of {@link reconstructStates}. */
export interface StateMapsOptions
  extends TaskOptions,
    Pick<
      ReconstructOptions,
      "indices" | "boxSize" | "maskDiameter" | "keepOutliers" | "symmetry" | "threads"
    > {
  /** Assignment of particles to half maps, as in `reconstruct`. Default: the source's `randomSubset`, else alternate. */
  halves?: "alternate" | Uint8Array;
  /** Particles of each state, the nearest to it. Default: a tenth of all, at least 100. */
  particles?: number;
  /** Local resolution and filtering of each state; with a mask on the grid of the maps, else in the sphere of `maskDiameter`. Default: none. */
  local?: (Pick<LocalResolutionOptions, "threshold" | "bands" | "window"> & { mask?: Volume }) | undefined;
  /** Bytes that the sums of states in one pass may take. Default: half of the memory of this process. */
  memory?: number;
  /** Called with each state when it is complete, in order. */
  onState?: (state: StateMap, index: number) => void | Promise<void>;
  /** Whether the result has the maps. False where `onState` writes them and they need not be held together. Default true. */
  keepMaps?: boolean;
}

/** The map of a state. */
export interface StateMap extends Omit<Reconstruction, "leftOut" | "inverted"> {
  /** Its place in the latent space. */
  place: number[];
  /** Particles with a weight, outlier images included. */
  particles: number;
  /** (Σ w)² / Σ w² of their weights. */
  effective: number;
  /** Distance in the latent space from which on particles have no weight. */
  radius: number;
  /** With the option `local`, where both halves have particles. */
  local?: LocalResolution;
}

/** The result of {@link reconstructStates}. */
export interface StateMaps {
  /** One for each state; empty without `keepMaps`. */
  states: StateMap[];
  /** How often the images were read: once, unless the sums of all states need more memory than there is. */
  passes: number;
  /** Outlier images that were not used. */
  leftOut: LeftOutImage[];
}

/** Default particles of a state. */
const fraction = 0.1;
const fewest = 100;
/** Default bands of local resolutions, of which there are many. */
const localBands = 16;

/**
 * Reconstructs several states from the particles near them, in one pass over the images: each particle counts 1 − (d / h)² with its
 * distance d in the latent space, up to the distance h within which the wanted number of particles lies. Places may be of any program. Every state has half maps, their FSC,
 * and as an option its local resolution.
 *
 * Distances are Euclidean in the coordinates as they are given. Memory is 96 · S³ bytes for a state of S voxels along an edge; with less memory
 * than that of all states the images are read more than once.
 * @param placed places of all particles of the source, as of `e2.latent.readPlaces`
 * @param states places of the states, [latent] each
 * @throws InputError as `reconstruct`, for places that are not those of the source, and for no states; StoppedError
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const run = await e2.openRun("RUN");
 * const { refined: places, latent } = await run.latents();
 * const centres = [[-1, 0], [1, 0]];
 * const { states } = await e2.reconstruction.states(particles, { latent, places }, centres, { particles: 60 });
 * for (const { place, effective, fsc } of states) {
 *   console.log(place, effective, fsc && e2.reconstruction.resolutionAt(fsc, 0.143));
 * }
 * await particles.close();
 * run.close();
 * ```
 */
export function reconstructStates(
  source: ImageSource,
  placed: PlacedParticles,
  states: readonly ArrayLike<number>[],
  options: StateMapsOptions = {},
): Promise<StateMaps> {
  return reconstructKept(source, placed, states, options);
}

/** Where the sums of states are kept, for a call that goes on. */
export interface KeptStates {
  folder: string;
  /** Differs for other particles, places, states or options. */
  key: string;
  /** Whether a state is finished. */
  isDone: (state: number) => boolean;
  /** Add only this part of the images, and make no maps. Default: all */
  part?: Part | undefined;
}

/** Most states whose sums are made together. @param memory bytes that the sums may take */
export function statesPerPass(boxSize: number, memory = availableMemory() / 2): number {
  return Math.max(1, Math.floor(memory / (2 * sumBytes(boxSize))));
}

/**
 * {@link reconstructStates} with sums that are kept.
 * @param each states of a pass. Default: by the memory
 */
export async function reconstructKept(
  source: ImageSource,
  placed: PlacedParticles,
  states: readonly ArrayLike<number>[],
  options: StateMapsOptions,
  keep?: KeptStates,
  each = statesPerPass(checkBoxSize(source, options.boxSize), options.memory),
): Promise<StateMaps> {
  const task = beginTask(options);
  if (keep?.part) checkPart(keep.part);
  checkPlaces(source.count, placed, states);
  const indices = checkIndices(source, task.indices);
  const boxSize = checkBoxSize(source, task.boxSize);
  const halfOf = halfChooser(source, indices, task.halves ?? source.randomSubset ?? "alternate")!;
  const count = particlesOfState(indices.length, task.particles);
  const result: StateMaps = { states: [], passes: 0, leftOut: [] };
  const leftOut = new Map<number, LeftOutImage>();
  for (let from = 0; from < states.length; from += each) {
    const some = states.slice(from, from + each);
    if (keep && some.every((_, s) => keep.isDone(from + s))) continue;
    const name = `states_${from + 1}`;
    const pass = { source, task, boxSize, halfOf, ...(keep && { keep: { ...keep, name } }) };
    const kernels = some.map((state) => stateKernel(placed, indices, state, count));
    const found = await onePass(pass, kernels, {
      isDone: (s) => keep?.isDone(from + s) === true,
      take: async (map, s) => {
        const one = { ...map, place: Array.from(some[s]!) };
        await task.onState?.(one, from + s);
        if (task.keepMaps ?? true) result.states.push(one);
      },
    });
    if (found.read > 0) result.passes++;
    for (const one of found.leftOut) leftOut.set(one.index, one);
    if (keep && !keep.part) await removeSums(keep.folder, name);
  }
  result.leftOut = [...leftOut.values()].sort((a, b) => a.index - b.index);
  return result;
}

function particlesOfState(all: number, given: number | undefined): number {
  if (given === undefined) return Math.min(all, Math.max(fewest, Math.ceil(fraction * all)));
  if (Number.isInteger(given) && given >= 1) return Math.min(all, given);
  throw new InputError("particles", "an integer of 1 or more", `${given}`);
}

interface Pass {
  source: ImageSource;
  task: StateMapsOptions;
  boxSize: number;
  halfOf: (index: number) => number;
  keep?: KeptStates & { name: string };
}

/** What is done with the states of a pass. */
interface TakeStates {
  isDone: (s: number) => boolean;
  take: (map: Omit<StateMap, "place">, s: number) => Promise<void>;
}

/** Reconstructs states together. @returns outlier images, and how many were read */
async function onePass(
  { source, task, boxSize, halfOf, keep }: Pass,
  kernels: readonly StateKernel[],
  { isDone, take }: TakeStates,
): Promise<Pick<ImagePass, "leftOut" | "read">> {
  const shares = sharesOfStates(kernels, halfOf);
  const pass = await backproject(source, {
    ...task,
    name: "maps of states",
    indices: Int32Array.from(shares.keys()).sort(),
    boxSize,
    group: task.symmetry === undefined ? undefined : pointGroup(task.symmetry),
    sums: 2 * kernels.length,
    sharesOf: (index) => shares.get(index)!,
    keep,
  });
  const { sums, counts } = pass;
  try {
    if (keep?.part) return pass;
    const diameter = task.maskDiameter ?? source.boxSize * source.apix;
    for (const [s, { particles, effective, radius }] of kernels.entries()) {
      throwIfStopped(task.signal);
      if (isDone(s)) continue;
      const pair = [2 * s, 2 * s + 1] as const;
      if (counts[pair[0]]! + counts[pair[1]]! === 0)
        throw new InputError(`state ${s + 1}`, "particles whose images vary", "none");
      const maps = await mapsOf(sums, pair, counts, diameter);
      const local = task.local && maps.half1 && (await localOf(maps, task, diameter));
      await take({ ...maps, particles: particles.length, effective, radius, ...(local && { local }) }, s);
    }
    return pass;
  } finally {
    await pass.close();
  }
}

function localOf(
  { half1, half2 }: Pick<Reconstruction, "half1" | "half2">,
  { local, signal, onProgress }: StateMapsOptions,
  diameter: number,
): Promise<LocalResolution> {
  const { mask, ...rest } = local!;
  return localResolution(half1!, half2!, mask ?? sphericalMask(half1!, { diameter }), {
    bands: localBands,
    ...rest,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
}
