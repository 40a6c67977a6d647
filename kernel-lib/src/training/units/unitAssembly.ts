import { type GaussianModel, pickGaussians } from "../../model/gaussianModel";
import { unitsOfFirst } from "../../model/symmetricModel";
import { type PointGroup, transposed, turned } from "../../optics/symmetry";
import type { PlaceDecoder } from "../posterior/decoders";

/**
 * The units of a particle. The networks see one row for each unit, in its own frame: number i·n + g is unit g of particle i,
 * which is the first unit turned by operator g, in a state of its own. Projected are whole particles. Without symmetry the whole
 * molecule is the only unit.
 */
export class UnitAssembly {
  /** n, units of a particle. */
  readonly count: number;

  /** @param group point group of the molecule. Default: none */
  constructor(readonly group?: PointGroup) {
    this.count = group?.order ?? 1;
  }

  /** Rotation of each unit from the first one, row by row, [n · 9]. */
  get rotations(): number[] {
    return this.group?.operators.flatMap((operator) => [...operator]) ?? [1, 0, 0, 0, 1, 0, 0, 0, 1];
  }

  /** The first unit of a symmetric model. */
  first(whole: GaussianModel): GaussianModel {
    if (!this.group) return whole;
    return pickGaussians(
      whole,
      Int32Array.from({ length: whole.count / this.count }, (_, j) => j),
    );
  }

  /** The rows of all units of some particles. */
  rowsOf(particles: Int32Array): Int32Array {
    const { count } = this;
    if (count === 1) return particles;
    return Int32Array.from(
      { length: count * particles.length },
      (_, k) => count * particles[Math.floor(k / count)]! + (k % count),
    );
  }

  /**
   * Whole particles [B · 5nm] from the models of their units [rows · 5m].
   * @param m  Gaussians of a unit
   * @param of row of each unit of each particle, [B · n]. Default: all rows in order
   */
  whole(units: Float32Array, m: number, of?: Int32Array): Float32Array {
    const { group, count: n } = this;
    if (!group) return units;
    const width = 5 * m;
    const particles = (of?.length ?? units.length / width) / n;
    const out = new Float32Array(particles * n * width);
    for (let k = 0; k < particles * n; k++) {
      const row = of ? of[k]! : k;
      const g = k % n;
      const to = out.subarray((k - g) * width, (k - g + n) * width);
      const from = units.subarray(row * width, (row + 1) * width);
      const s = group.operators[g]!;
      copyTurned({ from, m, at: 0 }, { to, m: n * m, at: g * m }, s);
    }
    return out;
  }

  /** Derivatives in the units [B · n · 5m] from those in the whole particles [B · 5nm]. */
  ofUnits(gradient: Float32Array, m: number): Float32Array {
    const { group, count: n } = this;
    if (!group) return gradient;
    const width = 5 * m;
    const out = new Float32Array(gradient.length);
    for (let k = 0; k < gradient.length / width; k++) {
      const g = k % n;
      const from = gradient.subarray((k - g) * width, (k - g + n) * width);
      const to = out.subarray(k * width, (k + 1) * width);
      copyTurned({ from, m: n * m, at: g * m }, { to, m, at: 0 }, transposed(group.operators[g]!));
    }
    return out;
  }

  /** The decoder of whole particles, whose places are those of all their units, [n · latent]. */
  decoder(unit: PlaceDecoder, m: number): PlaceDecoder {
    const { group, count: n } = this;
    if (!group) return unit;
    const { latent } = unit;
    return {
      latent: n * latent,
      decode: (z, particles) => {
        const { places, of } = distinctPlaces(z, latent, { n, rows: particles * n });
        return this.whole(unit.decode(places, places.length / latent), m, of);
      },
      trained: unit.trained && { ...unit.trained, group },
    };
  }

  /** A whole particle whose first unit has these parameters [5m]; the others are those of `neutral`. */
  withFirst(neutral: GaussianModel, unit: Float32Array): GaussianModel {
    if (!this.group) return { ...neutral, params: unit };
    const m = unit.length / 5;
    const params = neutral.params.slice();
    for (let row = 0; row < 5; row++) {
      params.set(unit.subarray(row * m, (row + 1) * m), row * neutral.count);
    }
    return { ...neutral, params };
  }

  /** Parameters of whole particles [B · 5nm] with these first units [B · 5m]; see {@link withFirst}. */
  withFirsts(neutral: GaussianModel, units: Float32Array): Float32Array {
    if (!this.group) return units;
    const width = neutral.params.length;
    const own = width / this.count;
    const out = new Float32Array(this.count * units.length);
    for (let i = 0; i * own < units.length; i++) {
      const unit = units.subarray(i * own, (i + 1) * own);
      out.set(this.withFirst(neutral, unit).params, i * width);
    }
    return out;
  }

  /** The symmetric model of a first unit. */
  symmetric(unit: GaussianModel): GaussianModel {
    if (!this.group) return unit;
    return { ...unit, count: this.count * unit.count, params: unitsOfFirst(unit.params, this.group) };
  }
}

/** Gaussians `at` … in a set of `m`. */
interface Place {
  m: number;
  at: number;
}

/** Copies a unit, its vectors multiplied by a matrix. */
function copyTurned(
  source: Place & { from: Float32Array },
  target: Place & { to: Float32Array },
  matrix: Float64Array,
): void {
  const { from } = source;
  const { to } = target;
  const count = Math.min(source.m, target.m);
  for (let j = 0; j < count; j++) {
    const [a, b] = [source.at + j, target.at + j];
    const [x, y, z] = turned(matrix, [from[a]!, from[source.m + a]!, from[2 * source.m + a]!]);
    to[b] = x;
    to[target.m + b] = y;
    to[2 * target.m + b] = z;
    to[3 * target.m + b] = from[3 * source.m + a]!;
    to[4 * target.m + b] = from[4 * source.m + a]!;
  }
}

/**
 * Places [rows · latent] without those that follow an equal one of the same unit: the finite differences of a particle move one
 * unit at a time.
 * @returns the different places, and of which of them each row is
 */
function distinctPlaces(
  z: Float32Array,
  latent: number,
  { n, rows }: { n: number; rows: number },
): { places: Float32Array; of: Int32Array } {
  const of = new Int32Array(rows);
  const kept: number[] = [];
  // The last two different places of each unit, as indices of `kept`.
  const recent = new Int32Array(2 * n).fill(-1);
  const same = (a: number, b: number) => {
    for (let d = 0; d < latent; d++) if (z[a * latent + d] !== z[b * latent + d]) return false;
    return true;
  };
  for (let row = 0; row < rows; row++) {
    const g = row % n;
    const [last, before] = [recent[2 * g]!, recent[2 * g + 1]!];
    if (last >= 0 && same(kept[last]!, row)) {
      of[row] = last;
      continue;
    }
    const found = before >= 0 && same(kept[before]!, row) ? before : kept.push(row) - 1;
    recent[2 * g + 1] = last;
    recent[2 * g] = found;
    of[row] = found;
  }
  const places = new Float32Array(kept.length * latent);
  for (const [k, row] of kept.entries()) places.set(z.subarray(row * latent, (row + 1) * latent), k * latent);
  return { places, of };
}
