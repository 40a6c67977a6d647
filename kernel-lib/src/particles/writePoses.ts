import { finalName } from "../atomicWrite";
import { InputError } from "../errors";
import { eulerFromRotation, rotationError } from "../optics/pose";
import { beginTask, type TaskOptions } from "../progress";
import type { RowPoses } from "./metadata/metadata";
import type { ParticleSet } from "./particleSet";
import { writeSelection } from "./writeSelection";

/** Poses of the particles of a set, as `rotations()` and `shifts()` of a {@link ParticleSet} return them. */
export interface ParticlePoses {
  /** Rotation matrices reference → image, [count · 9], row-major. */
  rotations: ArrayLike<number>;
  /** Shifts in Å, [count · 2]. */
  shifts: ArrayLike<number>;
  /** Of refined poses: whether they are better than those of the file, and why. */
  report?: { verdict: "refine" | "leave"; sentence: string };
}

/** Options of {@link writePoses}. */
export interface WritePosesOptions extends TaskOptions {
  /** Whether to write refined poses although they are no better than those of the file. Default false. */
  force?: boolean;
}

/** Largest deviation of R·Rᵀ from the unit matrix that rounding explains. */
const roundingError = 1e-3;

/**
 * Writes the particle file again with new poses. All rows are kept in their order, also those that are not in the set
 * (particles without an alignment, particles that were not selected), which stay as they are. So does every other column, table
 * and comment, byte by byte, and the pose of a particle that has not changed.
 *
 * A STAR file gets new `rlnAngleRot`, `rlnAngleTilt`, `rlnAnglePsi` and origins, in Å or pixels as it has them; missing columns
 * are added. A `.cs` file gets new `alignments3D/pose` and `alignments3D/shift`, a list of EMAN2 (`.lst`) new `xform.projection`. From
 * these a STAR file for RELION can be written, too: then of the particles of the set alone, as by {@link writeSelection}.
 *
 * @param target path ending in `.star`, `.cs` or `.lst`
 * @returns warnings, see {@link writeSelection}
 * @throws InputError for poses that do not fit, refined poses that are no better unless `force` is set, the source as target, a `.cs` file from a STAR file, and a `.cs` file without
 *   fields for poses
 * @example
 * ```ts
 * const particles = await e2.particles.open("particles.star");
 * const shifts = particles.shifts().map((t) => t + 0.5);
 * await e2.particles.writePoses("shifted.star", particles, { rotations: particles.rotations(), shifts });
 * ```
 */
export async function writePoses(
  target: string,
  particles: ParticleSet,
  poses: ParticlePoses,
  given: WritePosesOptions = {},
): Promise<string[]> {
  const { force, ...options } = beginTask(given);
  checkPoses(particles, poses);
  if (poses.report?.verdict === "leave" && force !== true) {
    const found = `${poses.report.sentence}; \`force\` writes them all the same`;
    throw new InputError(target, "refined poses that are better than those of the file", found);
  }
  const { metadata } = particles;
  const isStar = /\.star$/i.test(finalName(target));
  if (isStar && !metadata.writeStar) {
    return writeSelection(target, particles, { ...options, columns: relionColumns(poses) });
  }
  if (metadata.writeStar && !isStar) {
    throw new InputError(target, "a name that ends in .star");
  }
  await metadata.writePoses(target, rowPoses(particles, poses), options);
  return [];
}

/** @throws InputError unless there is a rotation matrix and a finite shift for each particle */
function checkPoses({ count }: ParticleSet, { rotations, shifts }: ParticlePoses): void {
  for (const [name, values, width] of [
    ["rotations", rotations, 9],
    ["shifts", shifts, 2],
  ] as const) {
    if (values.length !== width * count) {
      const expected = `${width * count} numbers for ${count} particles`;
      throw new InputError(name, expected, String(values.length));
    }
  }
  for (let i = 0; i < count; i++) {
    if (!(rotationError(rotations, 9 * i) < roundingError)) {
      const found = Array.from({ length: 9 }, (_, j) => Number(rotations[9 * i + j]!.toFixed(4)));
      throw new InputError(`rotations: particle ${i}`, "a rotation matrix", found.join(" "));
    }
    const [x, y] = [shifts[2 * i]!, shifts[2 * i + 1]!];
    if (!Number.isFinite(x + y)) throw new InputError(`shifts: particle ${i}`, "finite numbers", `${x} ${y}`);
  }
}

/** The poses by row of the file; rows whose pose is that of the file, to the last digit, are not changed. */
function rowPoses(particles: ParticleSet, poses: ParticlePoses): RowPoses {
  const { rows, hasPoses } = particles;
  const { count } = particles.metadata;
  const out: RowPoses = {
    rotations: new Float64Array(9 * count),
    shifts: new Float64Array(2 * count),
    changed: new Uint8Array(count),
  };
  const before = hasPoses ? [particles.rotations(), particles.shifts()] : undefined;
  for (const [i, row] of rows.entries()) {
    for (let j = 0; j < 9; j++) out.rotations[9 * row + j] = poses.rotations[9 * i + j]!;
    for (let j = 0; j < 2; j++) out.shifts[2 * row + j] = poses.shifts[2 * i + j]!;
    const same =
      before && sameNumbers(before[0]!, poses.rotations, 9, i) && sameNumbers(before[1]!, poses.shifts, 2, i);
    out.changed[row] = same ? 0 : 1;
  }
  return out;
}

function sameNumbers(own: Float32Array, given: ArrayLike<number>, width: number, i: number): boolean {
  for (let j = width * i; j < width * (i + 1); j++) if (own[j] !== Math.fround(given[j]!)) return false;
  return true;
}

/** The poses as columns of RELION, for each particle of the set. */
function relionColumns({ rotations, shifts }: ParticlePoses): Record<string, number[]> {
  const count = shifts.length / 2;
  const angles = Array.from({ length: count }, (_, i) => eulerFromRotation(rotations, 9 * i));
  return {
    rlnAngleRot: angles.map(({ rot }) => rot),
    rlnAngleTilt: angles.map(({ tilt }) => tilt),
    rlnAnglePsi: angles.map(({ psi }) => psi),
    rlnOriginXAngst: angles.map((_, i) => -shifts[2 * i]!),
    rlnOriginYAngst: angles.map((_, i) => -shifts[2 * i + 1]!),
  };
}
