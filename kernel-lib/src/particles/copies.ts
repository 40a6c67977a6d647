import { starNumber } from "../formats/relionStar";
import type { StarColumn } from "../formats/starWriter";
import { eulerFromRotation } from "../optics/pose";
import type { PointGroup } from "../optics/symmetry";

/*
 * Copies of the particles of a symmetric molecule: a particle with rotation R stands in its set once for each operator S_g of
 * the point group, with rotation R·S_g and the same image. Copy g of particle i is number i·n + g, as in the STAR files of
 * `relion_particle_symmetry_expand`.
 */

/** The copies of particles: their rows in the file, and the operator of each. */
export interface Copies {
  rows: Int32Array;
  operators: Uint8Array;
}

/** All copies of the particles in these rows. */
export function copiesOf(rows: Int32Array, { order }: PointGroup): Copies {
  const length = rows.length * order;
  return {
    rows: Int32Array.from({ length }, (_, at) => rows[Math.floor(at / order)]!),
    operators: Uint8Array.from({ length }, (_, at) => at % order),
  };
}

/** Multiplies rotations [count · 9] by the operators of their copies from the right, in place. */
export function turnRotations(
  rotations: Float32Array,
  operators: Uint8Array,
  group: PointGroup,
): Float32Array {
  const own = new Float64Array(9);
  for (let i = 0; i < operators.length; i++) {
    if (operators[i] === 0) continue;
    const s = group.operators[operators[i]!]!;
    own.set(rotations.subarray(9 * i, 9 * i + 9));
    for (let row = 0; row < 9; row += 3) {
      for (let column = 0; column < 3; column++) {
        rotations[9 * i + row + column] =
          own[row]! * s[column]! + own[row + 1]! * s[3 + column]! + own[row + 2]! * s[6 + column]!;
      }
    }
  }
  return rotations;
}

/** A set of particles, some of which are copies. */
interface CopiedSet {
  readonly operators?: Uint8Array | undefined;
  rotations(): Float32Array;
}

/** Columns of a STAR file with the angles of symmetry copies; none if all particles are as the file has them. */
export function copiedAngles(set: CopiedSet): StarColumn[] {
  if (!set.operators?.some((operator) => operator !== 0)) return [];
  const rotations = set.rotations();
  const angles = (i: number) => eulerFromRotation(rotations, 9 * i);
  return [
    { name: "rlnAngleRot", text: (i) => starNumber(angles(i).rot) },
    { name: "rlnAngleTilt", text: (i) => starNumber(angles(i).tilt) },
    { name: "rlnAnglePsi", text: (i) => starNumber(angles(i).psi) },
  ];
}
