import type { Pacing } from "../pacing";
import { gatherPoints, sampleRows } from "../points";
import { decodeState, type MotionDecoder, visitDecoded } from "./decoder";
import type { MotionFrame } from "./motionFrame";
import type { Population } from "./population";

/** A pattern of motion, along which the displacement of decoded states is measured. */
export interface Pattern {
  /** Gaussians that count, [m]. */
  indices: Int32Array;
  /** Direction of each of them, [3m]; Σ mass · |direction|² = 1 over the mean masses. */
  direction: Float64Array;
  /** Score of the mean structure. */
  zero: number;
  /** Å per unit of the sum: 1 / √(mass of the Gaussians that count). */
  scale: number;
}

/**
 * A pattern from directions of any length.
 * @param direction [3m]
 */
export function patternOf(frame: MotionFrame, indices: Int32Array, direction: Float64Array): Pattern {
  let norm = 0;
  let mass = 0;
  indices.forEach((i, at) => {
    const [x, y, z] = [direction[3 * at]!, direction[3 * at + 1]!, direction[3 * at + 2]!];
    norm += frame.masses[i]! * (x * x + y * y + z * z);
    mass += frame.masses[i]!;
  });
  const length = Math.sqrt(norm) || 1;
  return { indices, direction: direction.map((x) => x / length), zero: 0, scale: 1 / Math.sqrt(mass || 1) };
}

/** Scores of states along patterns in Å, root mean square over the Gaussians that count, weighted by mass. */
export class PatternScores {
  private readonly displacement: Float64Array;

  constructor(
    private readonly decoder: MotionDecoder,
    private readonly frame: MotionFrame,
    readonly patterns: readonly Pattern[],
  ) {
    this.displacement = new Float64Array(frame.positions.length);
  }

  /** Scores [n · patterns] of points [n · latent]. */
  async of(points: Float32Array, pacing: Pacing, task = "measuring motions"): Promise<Float32Array> {
    const count = this.patterns.length;
    const scores = new Float32Array((points.length / this.decoder.latent) * count);
    await visitDecoded(
      this.decoder,
      points,
      (i, { positions, masses }) => this.score(positions, masses, scores.subarray(i * count)),
      { pacing, task },
    );
    return scores;
  }

  /** Scores of one point, [patterns]. */
  at(z: ArrayLike<number>): Float32Array {
    const { positions, masses } = decodeState(this.decoder, z);
    const scores = new Float32Array(this.patterns.length);
    this.score(positions, masses, scores);
    return scores;
  }

  private score(positions: Float64Array, masses: Float64Array, out: Float32Array): void {
    const { frame, patterns, displacement } = this;
    frame.displacement(positions, displacement);
    patterns.forEach(({ indices, direction, zero, scale }, c) => {
      let sum = 0;
      for (let at = 0; at < indices.length; at++) {
        const i = indices[at]!;
        // What is absent from a state does not move.
        const weight = Math.sqrt(masses[i]! * frame.masses[i]!);
        const x = displacement[3 * i]! * direction[3 * at]!;
        const y = displacement[3 * i + 1]! * direction[3 * at + 1]!;
        sum += weight * (x + y + displacement[3 * i + 2]! * direction[3 * at + 2]!);
      }
      out[c] = sum * scale - zero;
    });
  }

  /**
   * Uncertainty of each score in Å, [patterns]: root mean square over particles of what the standard deviations of their
   * coordinates mean in the score.
   * @param deviations [n · latent]
   */
  async noise(
    points: Float32Array,
    deviations: Float32Array,
    { population, seed }: { population: Population; seed: number },
    pacing: Pacing,
  ): Promise<Float64Array> {
    const { latent } = this.decoder;
    const count = this.patterns.length;
    const rows = sampleRows(points.length / latent, 128, seed);
    const near = gatherPoints(points, latent, rows);
    const square = new Float64Array(count);
    for (let d = 0; d < latent; d++) {
      const step = stepAlong(population, d);
      const moved = (by: number) => near.map((x, i) => (i % latent === d ? x + by : x));
      const ahead = await this.of(moved(step), pacing, "uncertainty of motions");
      const behind = await this.of(moved(-step), pacing, "uncertainty of motions");
      rows.forEach((row, i) => {
        for (let c = 0; c < count; c++) {
          const slope = (ahead[i * count + c]! - behind[i * count + c]!) / (2 * step);
          square[c]! += (slope * deviations[row * latent + d]!) ** 2 / rows.length;
        }
      });
    }
    return square.map(Math.sqrt);
  }
}

/** Half the distance over which derivatives along an axis are taken. */
export function stepAlong({ spread }: Population, axis: number): number {
  return 0.05 * Math.max(spread[axis]!, 0.01 * Math.max(...spread));
}

/**
 * Centres scores [n · patterns], and turns them so that the longer tail of each is positive; patterns follow.
 * @returns −1 for each pattern that was turned, else 1
 */
export function orient(patterns: readonly Pattern[], scores: Float32Array): number[] {
  const count = patterns.length;
  const n = scores.length / count;
  return patterns.map((pattern, c) => {
    let mean = 0;
    for (let i = c; i < scores.length; i += count) mean += scores[i]! / n;
    let square = 0;
    let cube = 0;
    for (let i = c; i < scores.length; i += count) {
      square += (scores[i]! - mean) ** 2 / n;
      cube += (scores[i]! - mean) ** 3 / n;
    }
    // Where both tails are alike, the pattern decides, so that another sample of particles gives the same sign.
    const largest = pattern.direction.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
    const sign = Math.abs(cube) > 0.1 * square ** 1.5 ? Math.sign(cube) : Math.sign(largest || 1);
    for (let i = c; i < scores.length; i += count) scores[i] = sign * (scores[i]! - mean);
    for (let a = 0; a < pattern.direction.length; a++) pattern.direction[a]! *= sign;
    pattern.zero = sign * mean;
    return sign;
  });
}
