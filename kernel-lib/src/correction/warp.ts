import type { SplineReader } from "./cubicSpline";
import type { DisplacementField } from "./displacementField";
import { latticeAxes } from "./fieldLattice";

/** Displacements below this, in voxels, change nothing. */
const still = 1e-6;
/** Sum of shares that always suffices; where nothing moves it is at least 3/4. */
const enough = 0.75;

/** A map of another state. */
export interface MapToWarp {
  /** [S · S · S] */
  data: Float32Array;
  /** Reads it between its voxels. */
  reader: SplineReader;
  boxSize: number;
  apix: number;
}

/**
 * Adds to `into` what a map of another state looks like when it is carried back into the target state, less the map as it is: where the
 * field is 0 nothing. A place p that belongs to the molecule shows the density that the field carried to p + u(p), times the volume
 * element; one that belongs to it in neither state shows what is there. What is outside of the target but within the other state is
 * known of neither, since what the map shows there has its place elsewhere: it would be a ghost. See {@link knownParts}.
 * @param into [S · S · S]
 */
export function addWarped(
  { data, reader, boxSize: n, apix }: MapToWarp,
  field: DisplacementField,
  into: Float32Array,
): void {
  const { lattice, displacements, volume, shares } = field;
  const { size } = lattice;
  const [ax, ay, az] = latticeAxes(lattice, { boxSize: n, apix });
  const corner = Int32Array.from(
    { length: 8 },
    (_, c) => (c & 1) + size[0] * (((c >> 1) & 1) + size[1] * (c >> 2)),
  );
  const [inTarget, inOther] = shares;
  const perAngstrom = 1 / apix;
  for (let z = az.first; z <= az.last; z++) {
    for (let y = ay.first; y <= ay.last; y++) {
      for (let x = ax.first; x <= ax.last; x++) {
        const base = ax.cell[x]! + size[0] * (ay.cell[y]! + size[1] * az.cell[z]!);
        let [ux, uy, uz, factor, target, other] = [0, 0, 0, 0, 0, 0];
        for (let c = 0; c < 8; c++) {
          const weight =
            (c & 1 ? ax.part[x]! : 1 - ax.part[x]!) *
            (c & 2 ? ay.part[y]! : 1 - ay.part[y]!) *
            (c & 4 ? az.part[z]! : 1 - az.part[z]!);
          const at = base + corner[c]!;
          ux += weight * displacements[3 * at]!;
          uy += weight * displacements[3 * at + 1]!;
          uz += weight * displacements[3 * at + 2]!;
          factor += weight * volume[at]!;
          target += weight * inTarget[at]!;
          other += weight * inOther[at]!;
        }
        if (target === 0 && other === 0) continue;
        ux *= perAngstrom;
        uy *= perAngstrom;
        uz *= perAngstrom;
        const stays = (1 - target) * (1 - other);
        const sum = target + stays;
        const moves = target > 0 && Math.abs(ux) + Math.abs(uy) + Math.abs(uz) + Math.abs(factor - 1) > still;
        if (!moves && sum >= enough) continue;
        const i = x + n * (y + n * z);
        const was = data[i]!;
        const carried = moves ? factor * reader.at(x + ux, y + uy, z + uz) : was;
        const known = Math.min(1, sum / enough);
        into[i]! += (sum > 0 ? (known * (target * carried + stays * was)) / sum : 0) - was;
      }
    }
  }
}

/** How much of each lattice point a warped map shows, from 0 to 1, [points]; see {@link addWarped}. */
export function knownParts({ shares: [inTarget, inOther] }: DisplacementField): Float64Array {
  return inTarget.map((target, i) => Math.min(1, (target + (1 - target) * (1 - inOther[i]!)) / enough));
}
