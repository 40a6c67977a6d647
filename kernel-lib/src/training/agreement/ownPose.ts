import { disc } from "../../fourier/disc";
import { bestScores, type CrossSpectra } from "./crossCorrelation";
import type { Gain } from "./gain";
import { meanAndError } from "./moments";
import type { Trial } from "./trial";

/*
 * Whether the rotations in a file are those of the images: each image is compared with the model in its own rotation, and in those of
 * other particles of the sample, always at its best shift.
 */

/** What particles gain in their own rotations. */
export interface OwnPose extends Gain {
  /** The gain expected for correct rotations, from the difference of the projections. */
  expected: number;
  /** Particles in rotations that are not theirs; undefined if too few images can tell. */
  foreign: ForeignPoses | undefined;
}

/** Particles that agree with the model in their own rotation no better than in those of others. */
export interface ForeignPoses {
  /** Their fraction, and its standard error. */
  fraction: number;
  standardError: number;
  /** Particles that could tell. */
  particles: number;
}

/** Rotations that differ by less than this many degrees count as the same. */
const samePose = 20;
/** Where the other rotations are from, as fractions of the sample from a particle on; the first is that of the mean gain. */
const others = [1 / 2, 1 / 4, 3 / 4, 3 / 8];
/** A particle tells its rotation from another one if the right one is expected to gain so many nats. */
const tellsApart = 12;
/** Fewest particles that tell. */
const fewest = 20;

/** A rotation of another particle for each of a sample. */
interface Compared {
  /** Gain of the own rotation, [particles]. */
  gains: Float64Array;
  /** What it would gain if it were right; 0 where the rotations hardly differ, [particles]. */
  expected: Float64Array;
}

/**
 * The gain of own rotations.
 * @param own cross spectra of the particles in their own rotations
 * @returns undefined if the rotations hardly differ
 */
export async function measureOwnPose(trial: Trial, own: CrossSpectra): Promise<OwnPose | undefined> {
  const scores = bestScores(own);
  const compared: Compared[] = [];
  for (const part of others) compared.push(await compare(trial, own.rings, scores, part));
  const { gains, expected } = compared[0]!;
  const differing = Array.from(gains.keys()).filter((i) => expected[i]! > 0);
  if (2 * differing.length < gains.length) return undefined;
  const { mean, standardError } = meanAndError(Float64Array.from(differing, (i) => gains[i]!));
  return {
    ...{ gain: mean, standardError },
    expected: differing.reduce((sum, i) => sum + expected[i]! / differing.length, 0),
    foreign: foreignPoses(compared),
  };
}

async function compare(trial: Trial, rings: number, own: Float64Array, part: number): Promise<Compared> {
  const { sample, rotations, context, options } = trial;
  const { neutral, engine } = context;
  const offset = 9 * Math.floor(part * sample.length);
  const swapped = Float32Array.from(rotations, (_, i) => rotations[(i + offset) % rotations.length]!);
  const other = bestScores(await trial.crossSpectra(neutral, rings, swapped));
  const gains = own.map((value, i) => value - other[i]!);
  const expected = new Float64Array(sample.length);
  const request = { boxSize: neutral.boxSize, rings };
  for (const { from, part } of trial.parts()) {
    const batch = await trial.load(part, neutral);
    const projected = (await engine.project(batch, request)).slice();
    const turned = swapped.subarray(9 * from, 9 * (from + part.length));
    const elsewhere = await engine.project({ ...batch, rotations: turned }, request);
    const ringWeights = options.weights.of(part, rings);
    for (let b = 0; b < part.length; b++) {
      if (angleBetween(rotations, swapped, 9 * (from + b)) < samePose) continue;
      const correlations = ringCorrelations(projected, elsewhere, b, rings);
      for (let r = 1; r <= rings; r++) {
        const information = ringWeights[b * (rings + 1) + r]! * options.weights.expectedFrc(part[b]!, r);
        expected[from + b]! += information * (1 - correlations[r]!);
      }
    }
  }
  return { gains, expected };
}

/**
 * The fraction of particles in foreign rotations, by how often the own rotation is the best of several. A foreign one is so by chance,
 * 1 in m + 1 among m others; the right one nearly always: a gain with the expectation e has the variance 2e, and is below 0
 * with a probability of at most exp(−e/4)/2 (Gaussian tail). Only others that differ enough are counted.
 */
export function foreignPoses(compared: readonly Compared[]): ForeignPoses | undefined {
  const count = compared[0]!.gains.length;
  // Sums over the particles: those that tell, the own rotation the best, the same expected if all are right, and if all are foreign.
  let [particles, best, ifRight, ifForeign] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const telling = compared.filter(({ expected }) => expected[i]! >= tellsApart);
    if (telling.length === 0) continue;
    particles++;
    best += Number(telling.every(({ gains }) => gains[i]! > 0));
    ifRight += 1 - telling.reduce((sum, { expected }) => sum + Math.exp(-expected[i]! / 4) / 2, 0);
    ifForeign += 1 / (telling.length + 1);
  }
  if (particles < fewest) return undefined;
  const share = Math.min(Math.max(best / particles, 1 / particles), 1 - 1 / particles);
  const between = ifRight - ifForeign;
  return {
    fraction: Math.max(0, (ifRight - best) / between),
    standardError: Math.sqrt(particles * share * (1 - share)) / between,
    particles,
  };
}

/** FRC of transforms number b of two arrays in rings 0 … `rings`. */
function ringCorrelations(one: Float32Array, two: Float32Array, b: number, rings: number): Float64Array {
  const { samples, ring, multiplicity } = disc(rings);
  const [cross, first, second] = [0, 0, 0].map(() => new Float64Array(rings + 1)) as Float64Array[];
  for (let k = 0; k < samples; k++) {
    const at = 2 * (b * samples + k);
    const [r, m] = [ring[k]!, multiplicity[k]!];
    cross![r]! += m * (one[at]! * two[at]! + one[at + 1]! * two[at + 1]!);
    first![r]! += m * (one[at]! ** 2 + one[at + 1]! ** 2);
    second![r]! += m * (two[at]! ** 2 + two[at + 1]! ** 2);
  }
  return cross!.map((value, r) => (value === 0 ? 0 : value / Math.sqrt(first![r]! * second![r]!)));
}

/** Degrees between two rotations. */
function angleBetween(a: Float32Array, b: Float32Array, at: number): number {
  let trace = 0;
  for (let i = 0; i < 9; i++) trace += a[at + i]! * b[at + i]!;
  return (Math.acos(Math.min(1, Math.max(-1, (trace - 1) / 2))) * 180) / Math.PI;
}
