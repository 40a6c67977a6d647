import { Matrix, SingularValueDecomposition, solve } from "ml-matrix";
import { vectorFromRotation } from "../../optics/pose";
import type { ParticlePoses } from "../../particles/writePoses";

const degree = Math.PI / 180;

/** A motion of the reference that all poses of a set share: x → R·x + shift. It moves the map, and changes nothing else. */
export interface CommonFrame {
  /** R, row-major. */
  rotation: Float64Array;
  /** Å. */
  shift: [number, number, number];
}

/** Root mean square and quantiles of a quantity over particles. */
export interface Spread {
  /** Root mean square. */
  rms: number;
  /** Median. */
  median: number;
  /** 90th percentile. */
  p90: number;
  /** 99th percentile. */
  p99: number;
}

/** How far poses have moved. */
export interface PoseChange {
  /** Angle of the rotation of each particle, in degrees, after the common motion is taken out. */
  angle: Spread;
  /** Length of the shift of each particle in the image, in Å, after the common motion is taken out. */
  shift: Spread;
  /**
   * The common motion of all particles: the angle of its rotation in degrees, and the length of its shift in Å. It is small where the
   * reference lies where the map from the poses before does.
   */
  common: { angle: number; shift: number };
}

/**
 * The frame of poses against others of the same particles: the motion of the reference that explains most of the difference,
 * R_after = R_before·Rᵀ and t_after = t_before − (R_after·shift)_xy. Rotations by the nearest rotation to their mean (Moakher,
 * SIAM J. Matrix Anal. Appl. 24, 1, 2002), the shift by least squares.
 */
export function commonFrame(before: ParticlePoses, after: ParticlePoses): CommonFrame {
  const count = before.shifts.length / 2;
  const mean = new Float64Array(9);
  for (let i = 0; i < count; i++) {
    // R_afterᵀ·R_before
    for (let j = 0; j < 9; j++) {
      const [row, column] = [Math.floor(j / 3), j % 3];
      for (let k = 0; k < 3; k++) {
        mean[j]! += after.rotations[9 * i + 3 * k + row]! * before.rotations[9 * i + 3 * k + column]!;
      }
    }
  }
  const rotation = nearestRotation(mean);
  const normal = Matrix.zeros(3, 3);
  const right = Matrix.zeros(3, 1);
  for (let i = 0; i < count; i++) {
    for (const axis of [0, 1]) {
      const row = [0, 1, 2].map((j) => after.rotations[9 * i + 3 * axis + j]!);
      const difference = before.shifts[2 * i + axis]! - after.shifts[2 * i + axis]!;
      for (let j = 0; j < 3; j++) {
        right.set(j, 0, right.get(j, 0) + row[j]! * difference);
        for (let k = 0; k < 3; k++) normal.set(j, k, normal.get(j, k) + row[j]! * row[k]!);
      }
    }
  }
  // Where all views agree the shift along the view is unknown, and taken as 0.
  for (let j = 0; j < 3; j++) normal.set(j, j, normal.get(j, j) + 1e-6 * count);
  return { rotation, shift: solve(normal, right).to1DArray() as [number, number, number] };
}

/** The rotation nearest to a matrix, row-major. */
function nearestRotation(matrix: Float64Array): Float64Array {
  const { leftSingularVectors: u, rightSingularVectors: v } = new SingularValueDecomposition(
    Matrix.from1DArray(3, 3, matrix),
  );
  const product = u.mmul(v.transpose());
  const sign = determinant(product) < 0 ? -1 : 1;
  return Float64Array.from(
    u
      .mmul(Matrix.diag([1, 1, sign]))
      .mmul(v.transpose())
      .to1DArray(),
  );
}

function determinant(m: Matrix): number {
  const at = (i: number, j: number) => m.get(i, j);
  return (
    at(0, 0) * (at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)) -
    at(0, 1) * (at(1, 0) * at(2, 2) - at(1, 2) * at(2, 0)) +
    at(0, 2) * (at(1, 0) * at(2, 1) - at(1, 1) * at(2, 0))
  );
}

/** Poses relative to a reference that is moved back by a common motion: what {@link commonFrame} finds afterwards is none. */
export function withoutFrame(
  { rotations, shifts }: ParticlePoses,
  { rotation, shift }: CommonFrame,
): { rotations: Float64Array; shifts: Float64Array } {
  const count = shifts.length / 2;
  const out = { rotations: new Float64Array(9 * count), shifts: Float64Array.from(shifts) };
  for (let i = 0; i < count; i++) {
    for (let row = 0; row < 3; row++) {
      for (let k = 0; k < 3; k++) {
        const own = rotations[9 * i + 3 * row + k]!;
        for (let j = 0; j < 3; j++) out.rotations[9 * i + 3 * row + j]! += own * rotation[3 * k + j]!;
        if (row < 2) out.shifts[2 * i + row]! += own * shift[k]!;
      }
    }
  }
  return out;
}

/** How far each pose has moved after the common motion is taken out. */
export interface PoseMoves {
  /** Degrees, [count]. */
  angles: Float64Array;
  /** Å, [count]. */
  shifts: Float64Array;
  /** What was taken out. */
  frame: CommonFrame;
}

/** Moves of poses from those before. */
export function poseMoves(before: ParticlePoses, after: ParticlePoses): PoseMoves {
  const frame = commonFrame(before, after);
  const own = withoutFrame(after, frame);
  const count = before.shifts.length / 2;
  const angles = new Float64Array(count);
  const shifts = new Float64Array(count);
  const turn = new Float64Array(9);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < 9; j++) {
      const [row, column] = [9 * i + 3 * Math.floor(j / 3), 9 * i + 3 * (j % 3)];
      turn[j] = 0;
      for (let k = 0; k < 3; k++) turn[j]! += own.rotations[row + k]! * before.rotations[column + k]!;
    }
    angles[i] = Math.hypot(...vectorFromRotation(turn)) / degree;
    shifts[i] = Math.hypot(
      own.shifts[2 * i]! - before.shifts[2 * i]!,
      own.shifts[2 * i + 1]! - before.shifts[2 * i + 1]!,
    );
  }
  return { angles, shifts, frame };
}

/**
 * How far poses have moved from those before, apart from a motion that all share, which is reported by itself: the frame of a
 * reference is arbitrary.
 * @param before poses of some particles
 * @param after  other poses of the same particles
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const before = { rotations: particles.rotations(), shifts: particles.shifts() };
 * const shifts = before.shifts.map((t, i) => t + (i % 2 === 0 ? 1 : -1));
 * const { shift } = e2.training.poseChange(before, { ...before, shifts });
 * console.log(shift.rms); // about 1.4 Å
 * ```
 */
export function poseChange(before: ParticlePoses, after: ParticlePoses): PoseChange {
  const { angles, shifts, frame } = poseMoves(before, after);
  return {
    angle: spreadOf(angles),
    shift: spreadOf(shifts),
    common: {
      angle: Math.hypot(...vectorFromRotation(frame.rotation)) / degree,
      shift: Math.hypot(...frame.shift),
    },
  };
}

/** Root mean square and quantiles. */
export function spreadOf(values: Float64Array): Spread {
  const sorted = values.slice().sort();
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))]!;
  const rms = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
  return { rms, median: at(0.5), p90: at(0.9), p99: at(0.99) };
}
