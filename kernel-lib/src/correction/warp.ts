import type { Volume } from "../maps/volume";
import { SplineReader, splineCoefficients } from "./cubicSpline";
import type { DisplacementField } from "./displacementField";
import { latticeAxes } from "./fieldLattice";

/** Displacements below this, in voxels, change nothing. */
const still = 1e-6;

/**
 * Adds to `into` what a map of another state looks like when it is carried back into the target state, less the map as it is: where the
 * field is 0 nothing. Each place p shows the density that the field carried to p + u(p), times the volume element: the
 * mass of the density stays. Read by cubic splines.
 * @param map a cubic map of the other state
 * @param into [S · S · S]
 */
export function addWarped(map: Volume, field: DisplacementField, into: Float32Array): void {
  const n = map.size[0];
  const reader = new SplineReader(splineCoefficients(map.data, n), n);
  const { lattice, displacements, volume } = field;
  const { size } = lattice;
  const [ax, ay, az] = latticeAxes(lattice, { boxSize: n, apix: map.apix });
  const corner = Int32Array.from(
    { length: 8 },
    (_, c) => (c & 1) + size[0] * (((c >> 1) & 1) + size[1] * (c >> 2)),
  );
  const weight = new Float64Array(8);
  const perAngstrom = 1 / map.apix;
  for (let z = az.first; z <= az.last; z++) {
    for (let y = ay.first; y <= ay.last; y++) {
      for (let x = ax.first; x <= ax.last; x++) {
        const base = ax.cell[x]! + size[0] * (ay.cell[y]! + size[1] * az.cell[z]!);
        let [ux, uy, uz, factor] = [0, 0, 0, 0];
        for (let c = 0; c < 8; c++) {
          weight[c] =
            (c & 1 ? ax.part[x]! : 1 - ax.part[x]!) *
            (c & 2 ? ay.part[y]! : 1 - ay.part[y]!) *
            (c & 4 ? az.part[z]! : 1 - az.part[z]!);
          const at = base + corner[c]!;
          ux += weight[c]! * displacements[3 * at]!;
          uy += weight[c]! * displacements[3 * at + 1]!;
          uz += weight[c]! * displacements[3 * at + 2]!;
          factor += weight[c]! * volume[at]!;
        }
        ux *= perAngstrom;
        uy *= perAngstrom;
        uz *= perAngstrom;
        if (Math.abs(ux) + Math.abs(uy) + Math.abs(uz) < still && Math.abs(factor - 1) < still) continue;
        const i = x + n * (y + n * z);
        into[i]! += factor * reader.at(x + ux, y + uy, z + uz) - map.data[i]!;
      }
    }
  }
}
