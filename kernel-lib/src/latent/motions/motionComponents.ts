import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { InputError } from "../../errors";
import type { TaskOptions } from "../../progress";
import { Random } from "../../random";
import { Pacing } from "../pacing";
import { checkDeviations, checkIntegers } from "../points";
import { MotionComponents } from "./componentPaths";
import { countPopulation, type MotionDecoder, type MotionRegion, regionIndices } from "./decoder";
import { type DecodedSample, decodeSample, MotionFrame } from "./motionFrame";
import { orient, type Pattern, PatternScores, patternOf } from "./patterns";
import { Population } from "./population";

/** Options of {@link motionComponents}. */
export interface MotionComponentsOptions extends TaskOptions {
  /** Number of components. Default: one more than axes of the latent space, at least three. */
  components?: number;
  /** Only the motion of these Gaussians counts. Default: all. */
  region?: MotionRegion;
  /** Standard deviations of the points, [n · latent], from which the uncertainty of scores follows. Default: none. */
  deviations?: Float32Array;
  /** Whether the motion that the whole molecule shares is removed first. Default true. */
  removeRigid?: boolean;
  /** Points that are decoded to find the components, a random sample of them if there are more. Default 1,000. */
  maxPoints?: number;
  /** Seed of the sample. Default 1. */
  seed?: number;
}

/** Iterations of the subspace: each multiplies the accuracy by the square of the ratio of neighbouring spreads. */
const iterations = 8;
/** Further vectors in the subspace. */
const spare = 6;

/**
 * Principal components of the decoded motion of a population: of the centres of all Gaussians in Å, weighted by mass (Aσ³).
 * Unlike the axes of the latent space they are ordered by how much moves, and do not depend on how the network has
 * stretched or bent its space.
 *
 * @param decoder such as an open run
 * @param points  the population, [n · latent]
 * @throws InputError for fewer than three points, points that all coincide, and options out of their range
 * @throws StoppedError if aborted
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined, standardDeviation } = await run.latents();
 * const motion = await e2.latent.motionComponents(run, refined, { deviations: standardDeviation });
 * console.log(motion.advice, motion.sizes);
 * const path = motion.path(0, { stations: 5 });
 * ```
 */
export async function motionComponents(
  decoder: MotionDecoder,
  points: Float32Array,
  options: MotionComponentsOptions = {},
): Promise<MotionComponents> {
  const { latent } = decoder;
  const { components = Math.max(3, latent + 1), maxPoints = 1000, seed = 1, deviations } = options;
  const n = countPopulation(decoder, points, 3);
  checkIntegers({ components, maxPoints }, 1);
  checkDeviations(deviations, points.length, latent);
  const pacing = new Pacing(options);
  const population = new Population(points, latent);
  const sample = await decodeSample(decoder, points, { size: Math.max(maxPoints, 3), seed }, pacing);
  const frame = new MotionFrame(sample, options.removeRigid ?? true);
  const indices = options.region
    ? regionIndices(decoder.decode(population.mean), options.region, "region")
    : Int32Array.from(frame.masses, (_, i) => i);
  if (components > Math.min(n - 1, 3 * indices.length)) {
    const most = Math.min(n - 1, 3 * indices.length);
    throw new InputError("components", `at most ${most}, of ${n} points`, String(components));
  }
  const rows = motionRows(sample, frame, indices);
  await pacing.yield();
  const { axes, total } = principalAxes(rows, 3 * indices.length, components, seed);
  const patterns = axes.map((axis) => componentPattern(frame, indices, axis));
  const measure = new PatternScores(decoder, frame, patterns);
  const scores = await measure.of(points, pacing);
  orient(patterns, scores);
  const noise = deviations && (await measure.noise(points, deviations, { population, seed }, pacing));
  return new MotionComponents({
    points,
    population,
    measure,
    scores,
    total,
    rigid: frame.rigidSize,
    ...(noise && { noise }),
  });
}

/** √(mass / total mass) · displacement of each Gaussian in each state, [count · 3m], centred. */
function motionRows(sample: DecodedSample, frame: MotionFrame, indices: Int32Array): Float32Array {
  const n = frame.masses.length;
  const width = 3 * indices.length;
  const rows = new Float32Array(sample.count * width);
  const displacement = new Float64Array(3 * n);
  const mass = indices.reduce((sum, i) => sum + frame.masses[i]!, 0);
  for (let s = 0; s < sample.count; s++) {
    frame.displacement(sample.positions.subarray(s * 3 * n, (s + 1) * 3 * n), displacement);
    indices.forEach((i, at) => {
      const weight = Math.sqrt(sample.masses[s * n + i]! / mass);
      for (let a = 0; a < 3; a++) rows[s * width + 3 * at + a] = weight * displacement[3 * i + a]!;
    });
  }
  for (let column = 0; column < width; column++) {
    let mean = 0;
    for (let s = 0; s < sample.count; s++) mean += rows[s * width + column]! / sample.count;
    for (let s = 0; s < sample.count; s++) rows[s * width + column]! -= mean;
  }
  return rows;
}

/**
 * The first principal axes of centred rows, by subspace iteration with a Rayleigh-Ritz step, and the total variance. There
 * are thousands of columns, but nearly all of the variance lies along a few axes.
 */
function principalAxes(
  rows: Float32Array,
  width: number,
  components: number,
  seed: number,
): { axes: Float64Array[]; total: number } {
  const count = rows.length / width;
  const random = new Random(seed);
  const vectors = Math.min(components + spare, width, count);
  let basis = Array.from({ length: vectors }, () =>
    Float64Array.from({ length: width }, () => random.normal()),
  );
  for (let iteration = 0; iteration < iterations; iteration++) {
    orthonormalize(basis);
    basis = timesTransposed(rows, timesRows(rows, basis), width);
  }
  orthonormalize(basis);
  const along = timesRows(rows, basis);
  const inner = new Matrix(vectors, vectors);
  for (let p = 0; p < vectors; p++)
    for (let q = 0; q < vectors; q++) {
      inner.set(p, q, along[p]!.reduce((sum, x, s) => sum + x * along[q]![s]!, 0) / count);
    }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(inner, {
    assumeSymmetric: true,
  });
  const order = [...realEigenvalues.keys()].sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const axes = order.slice(0, components).map((k) => {
    const axis = new Float64Array(width);
    basis.forEach((vector, p) => {
      const factor = eigenvectorMatrix.get(p, k);
      for (let column = 0; column < width; column++) axis[column]! += factor * vector[column]!;
    });
    return axis;
  });
  return { axes, total: rows.reduce((sum, x) => sum + x * x, 0) / count };
}

/** Rows times each vector, [count] per vector. */
function timesRows(rows: Float32Array, vectors: readonly Float64Array[]): Float64Array[] {
  const width = vectors[0]!.length;
  return vectors.map((vector) => {
    const out = new Float64Array(rows.length / width);
    for (let s = 0; s < out.length; s++) {
      let sum = 0;
      for (let column = 0, at = s * width; column < width; column++, at++) sum += rows[at]! * vector[column]!;
      out[s] = sum;
    }
    return out;
  });
}

/** Transposed rows times each vector, [width] per vector. */
function timesTransposed(rows: Float32Array, along: readonly Float64Array[], width: number): Float64Array[] {
  return along.map((factors) => {
    const out = new Float64Array(width);
    factors.forEach((factor, s) => {
      for (let column = 0, at = s * width; column < width; column++, at++) out[column]! += factor * rows[at]!;
    });
    return out;
  });
}

/** Gram-Schmidt, twice for accuracy; a vector that depends on the others becomes 0. */
function orthonormalize(vectors: Float64Array[]): void {
  vectors.forEach((vector, p) => {
    const before = lengthOf(vector);
    for (let pass = 0; pass < 2; pass++) {
      for (const other of vectors.slice(0, p)) {
        const dot = vector.reduce((sum, x, i) => sum + x * other[i]!, 0);
        for (let i = 0; i < vector.length; i++) vector[i]! -= dot * other[i]!;
      }
    }
    const length = lengthOf(vector);
    const factor = length > 1e-12 * before ? 1 / length : 0;
    for (let i = 0; i < vector.length; i++) vector[i]! *= factor;
  });
}

function lengthOf(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
}

/** The pattern of a principal axis, which weighs displacements by √mass. */
function componentPattern(frame: MotionFrame, indices: Int32Array, axis: Float64Array): Pattern {
  const direction = axis.map((x, a) => {
    const mass = frame.masses[indices[Math.floor(a / 3)]!]!;
    return mass > 0 ? x / Math.sqrt(mass) : 0;
  });
  return patternOf(frame, indices, direction);
}
