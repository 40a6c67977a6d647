import { InputError, throwIfStopped } from "../../errors";
import { hasSameBoxLength } from "../../maps/grid";
import type { Volume } from "../../maps/volume";
import { beginTask, type TaskOptions } from "../../progress";
import { areaOfTransforms, type ShellTransform, shellTransform } from "./fscArea";

/** Areas under Fourier shell correlations with the truth. */
export interface AreaScore {
  /** Mean over the volumes. */
  mean: number;
  /** Standard deviation over them. */
  deviation: number;
  /** Median. */
  median: number;
  /** Mean correlation of each shell, see `fscArea`. */
  fsc: number[];
}

/** Scores of volumes against the truth. */
export interface VolumeScores {
  /** Number of volumes. */
  volumes: number;
  /** The area for perfect volumes, 1/2 − 1/n. */
  perfect: number;
  /** Å at the outer edge of each shell of `fsc`, box length / i; infinite, null in files, for shell 0. */
  resolutions: number[];
  /** Without a mask. */
  unmasked: AreaScore;
  /** Both maps times the mask. */
  masked?: AreaScore;
  /** Area of each state: number of volumes and their means. */
  states: { state: number; volumes: number; unmasked: number; masked?: number }[];
  /** Particle, state and areas of each volume. */
  each: { particle?: number; state: number; unmasked: number; masked?: number }[];
}

/** A volume to score. */
export interface ScoredVolume {
  /** State that it should show. */
  state: number;
  /** Particle that it belongs to, if any. */
  particle?: number;
  /** What to call it in errors, such as its file. Default: volume and its number. */
  name?: string;
  /** Makes the volume, on the grid of the truth. */
  volume(grid: Volume): Promise<Volume>;
}

/** True volumes, and how to compare. */
export interface VolumeTruth {
  /** Volume of each state. */
  truth: ReadonlyMap<number, Volume>;
  /** Multiplied to both volumes for the masked score. Default: no masked score. */
  mask?: Volume;
}

/**
 * Areas under the Fourier shell correlation of volumes with the truth, as CryoBench averages them: per image if there is a volume for
 * each of some particles, per conformation if there is one for each state. Volumes are not aligned.
 * @throws InputError for a state without a true volume, and for volumes of other voxels than the truth
 * @example
 * ```ts
 * const map = await e2.maps.read("consensus.mrc");
 * const volumes = [{ state: 0, volume: async () => e2.maps.lowPass(map, 20) }];
 * const { unmasked, perfect } = await e2.evidence.scoreVolumes(volumes, { truth: new Map([[0, map]]) });
 * ```
 */
export async function scoreVolumes(
  volumes: readonly ScoredVolume[],
  { truth, mask }: VolumeTruth,
  given: TaskOptions = {},
): Promise<VolumeScores> {
  const options = beginTask(given);
  if (volumes.length === 0) throw new InputError("volumes", "at least one", "none");
  const known = new Map<number, Truth>();
  const found: { unmasked: Score[]; masked: Score[] } = { unmasked: [], masked: [] };
  for (const [at, { state, volume, name = `volume ${at + 1}` }] of volumes.entries()) {
    throwIfStopped(options.signal);
    const map = truth.get(state);
    if (!map) throw new InputError(name, "a state with a true volume", `state ${state}`);
    const right = known.get(state) ?? {
      plain: shellTransform(map, undefined),
      masked: mask && shellTransform(map, mask),
    };
    known.set(state, right);
    const own = await volume(map);
    checkVoxels(own, map, name);
    // Headers of other programs may round the voxel size.
    const placed = { ...own, apix: map.apix };
    found.unmasked.push(areaOfTransforms(shellTransform(placed, undefined), right.plain));
    if (right.masked) found.masked.push(areaOfTransforms(shellTransform(placed, mask), right.masked));
    options.onProgress?.({ task: "scoring volumes", done: at + 1, total: volumes.length });
  }
  const { size, apix } = [...truth.values()][0]!;
  const resolutions = Array.from({ length: size[0] / 2 }, (_, i) => (size[0] * apix) / i);
  return { ...summary(volumes, found), perfect: 0.5 - 1 / size[0], resolutions };
}

interface Truth {
  plain: ShellTransform;
  masked: ShellTransform | undefined;
}

type Score = ReturnType<typeof areaOfTransforms>;

function checkVoxels(own: Volume, truth: Volume, name: string): void {
  if (own.size.every((n, axis) => n === truth.size[axis]) && hasSameBoxLength(own, truth)) return;
  const text = ({ size, apix }: Volume) => `${size.join(" × ")} voxels of ${apix} Å`;
  throw new InputError(name, `${text(truth)}, as the truth`, text(own));
}

function summary(
  volumes: readonly ScoredVolume[],
  { unmasked, masked }: { unmasked: Score[]; masked: Score[] },
): Omit<VolumeScores, "perfect" | "resolutions"> {
  const hasMask = masked.length > 0;
  const each = volumes.map(({ state, particle }, i) => ({
    ...(particle !== undefined && { particle }),
    ...{ state, unmasked: unmasked[i]!.area },
    ...(hasMask && { masked: masked[i]!.area }),
  }));
  const states = [...new Set(volumes.map(({ state }) => state))].sort((a, b) => a - b);
  const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  return {
    volumes: volumes.length,
    unmasked: areaScore(unmasked),
    ...(hasMask && { masked: areaScore(masked) }),
    states: states.map((state) => {
      const own = each.filter((one) => one.state === state);
      return {
        ...{ state, volumes: own.length, unmasked: mean(own.map((one) => one.unmasked)) },
        ...(hasMask && { masked: mean(own.map((one) => one.masked!)) }),
      };
    }),
    each,
  };
}

function areaScore(scores: readonly Score[]): AreaScore {
  const areas = scores.map(({ area }) => area).sort((a, b) => a - b);
  const mean = areas.reduce((sum, x) => sum + x, 0) / areas.length;
  const variance = areas.reduce((sum, x) => sum + (x - mean) ** 2, 0) / areas.length;
  const middle = areas.length >> 1;
  const median = areas.length % 2 === 1 ? areas[middle]! : (areas[middle - 1]! + areas[middle]!) / 2;
  const fsc = Array.from(scores[0]!.fsc, (_, r) => {
    return scores.reduce((sum, score) => sum + score.fsc[r]!, 0) / scores.length;
  });
  return { mean, deviation: Math.sqrt(variance), median, fsc };
}
