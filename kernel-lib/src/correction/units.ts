import type { Blobs } from "../atoms/blobs";
import type { Volume } from "../maps/volume";
import { transposed, turned } from "../optics/symmetry";
import { bodyShares } from "./bodyShares";
import { SplineReader, splineCoefficients } from "./cubicSpline";
import { fieldLattice, onVoxels } from "./fieldLattice";
import type { Motion } from "./motion";

/**
 * A function that makes a map symmetric by what it shows of the first unit: this is put in the place of every unit. Units are divided by their
 * Gaussians, with a soft border; what is near none is the mean of all.
 * @param state all Gaussians of a state, unit by unit
 */
export function overUnits(
  { group, gaussians }: NonNullable<Motion["unit"]>,
  state: Blobs,
  box: { boxSize: number; apix: number },
): (map: Volume) => Volume {
  const lattice = fieldLattice(state);
  const of = Uint8Array.from({ length: state.count }, (_, i) => (i < gaussians ? 1 : 2));
  const [first] = bodyShares(lattice, state, of)!.shares as [Float64Array];
  const [nx, ny, nz] = lattice.size;
  const even = 1 / group.order;
  const share = new Float64Array(nx * ny * nz);
  for (const [i, at] of lattice.near.entries()) share[at] = first[i]! - even;
  const part = onVoxels(lattice, share, box).map((x) => Math.max(0, x + even));
  const total = turnedSum(part, group.operators, box.boxSize);
  return (map) => {
    const sum = turnedSum(
      map.data.map((x, i) => x * part[i]!),
      group.operators,
      box.boxSize,
    );
    return { ...map, data: sum.map((x, i) => (total[i]! > 0.1 ? x / total[i]! : map.data[i]!)) };
  };
}

/** Σ of a cubic map turned about voxel ⌊S/2⌋ by all operators, the first of which is the identity. */
function turnedSum(data: Float32Array, operators: readonly ArrayLike<number>[], n: number): Float32Array {
  const reader = new SplineReader(splineCoefficients(data, n), n);
  const sum = data.slice();
  const middle = Math.floor(n / 2);
  for (const operator of operators.slice(1)) {
    const back = transposed(operator);
    for (let z = 0, i = 0; z < n; z++) {
      for (let y = 0; y < n; y++) {
        for (let x = 0; x < n; x++, i++) {
          const [px, py, pz] = turned(back, [x - middle, y - middle, z - middle]);
          sum[i]! += reader.at(px + middle, py + middle, pz + middle);
        }
      }
    }
  }
  return sum;
}
