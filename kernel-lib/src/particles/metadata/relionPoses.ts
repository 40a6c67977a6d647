import { InputError } from "../../errors";
import type { NumberReader, StarTable } from "../../formats/starTable";
import { rotationFromEuler } from "../../optics/pose";
import { quantities } from "./quantities";
import type { Groups } from "./relionOptics";

const angleColumns = quantities.angle.relion;
const originColumns = quantities.origin.relion;
const pixelOriginColumns = quantities.pixelOrigin.relion;
/** Columns that poses are read from. */
export const poseColumns = [...angleColumns, ...originColumns, ...pixelOriginColumns];
/** Particles from which views in all directions are expected. */
const minParticles = 20;

/** Poses of the particles of a STAR file: Euler angles, and origins in Å or pixels. */
export class RelionPoses {
  /** @param values holds those {@link poseColumns} that the table has */
  constructor(
    private readonly file: string,
    private readonly table: StarTable,
    private readonly values: NumberReader,
    private readonly groups: Groups,
  ) {}

  /** Whether there are angles. */
  get arePresent(): boolean {
    return angleColumns.every((column) => this.table.has(column));
  }

  /** Assumptions about the poses. @throws InputError if only one of two origin columns is present */
  warnings(): string[] {
    return [...this.originWarnings(), ...this.angleWarnings()];
  }

  /** Rotation matrices reference → image, [count · 9]. @throws InputError naming missing columns */
  rotations(): Float32Array {
    const missing = angleColumns.filter((column) => !this.table.has(column));
    if (missing.length > 0) {
      throw new InputError(
        `${this.file}: data_${this.table.block}`,
        `the angle columns ${angleColumns.join(", ")}`,
        `no ${missing.join(", ")}`,
      );
    }
    const [rot, tilt, psi] = this.angles();
    const { count } = this.table;
    const out = new Float32Array(9 * count);
    for (let i = 0; i < count; i++) rotationFromEuler([rot[i]!, tilt[i]!, psi[i]!], out, 9 * i);
    return out;
  }

  /** Shifts in Å, [count · 2]; zeros without origins. */
  shifts(): Float32Array {
    const { opticsGroups, opticsGroup, originScale } = this.groups;
    const { count } = this.table;
    const out = new Float32Array(2 * count);
    const inAngstrom = originColumns.every((name) => this.table.has(name));
    const [x, y] = (inAngstrom ? originColumns : pixelOriginColumns).map((name) => this.values.column(name));
    if (!x || !y) return out;
    for (let i = 0; i < count; i++) {
      const unit = inAngstrom ? originScale : opticsGroups[opticsGroup[i]!]!.apix;
      // RELION's origin is the translation that centres the particle, the negative of its position.
      out[2 * i] = -x[i]! * unit;
      out[2 * i + 1] = -y[i]! * unit;
    }
    return out;
  }

  private angles(): [rot: Float64Array, tilt: Float64Array, psi: Float64Array] {
    const [rot, tilt, psi] = angleColumns.map((name) => this.values.column(name)!);
    return [rot!, tilt!, psi!];
  }

  private originWarnings(): string[] {
    const present = [...originColumns, ...pixelOriginColumns].filter((name) => this.table.has(name));
    const hasBoth = (names: readonly string[]) => names.every((name) => present.includes(name));
    if (present.length === 0) return this.arePresent ? ["no origins: shifts are taken as 0"] : [];
    // For RELION an origin in Å takes precedence, even a single one.
    const pixelsOnly = hasBoth(pixelOriginColumns) && !present.some((name) => originColumns.includes(name));
    if (!hasBoth(originColumns) && !pixelsOnly) {
      throw new InputError(
        `${this.file}: data_${this.table.block}`,
        `${originColumns.join(" and ")}, or ${pixelOriginColumns.join(" and ")}`,
        present.join(" and "),
      );
    }
    return hasBoth(originColumns) && hasBoth(pixelOriginColumns) && this.originsDiffer()
      ? ["origins in Å and in pixels differ: those in Å are used, as in RELION"]
      : [];
  }

  private originsDiffer(): boolean {
    const { opticsGroups, opticsGroup } = this.groups;
    return originColumns.some((name, axis) => {
      const pixels = this.values.column(pixelOriginColumns[axis]!)!;
      return this.values.column(name)!.some((origin, row) => {
        const other = pixels[row]! * opticsGroups[opticsGroup[row]!]!.apix;
        return Math.abs(origin - other) > 0.01 + 0.01 * Math.abs(origin);
      });
    });
  }

  private angleWarnings(): string[] {
    if (!this.arePresent) return [];
    const { count } = this.table;
    const [rot, tilt, psi] = this.angles();
    let zero = 0;
    let largest = 0;
    for (let row = 0; row < count; row++) {
      const [a, b, c] = [rot[row]!, tilt[row]!, psi[row]!];
      if (a === 0 && b === 0 && c === 0) zero++;
      largest = Math.max(largest, Math.abs(a), Math.abs(b), Math.abs(c));
    }
    const warnings: string[] = [];
    if (count >= minParticles && largest > 0 && largest <= 2 * Math.PI) {
      warnings.push(`no angle is beyond ${largest.toFixed(1)}°: RELION's are in degrees, not in radians`);
    }
    if (zero > 1) {
      warnings.push(`${zero} of ${count} particles have exactly the angles 0, 0, 0, as before an alignment`);
    }
    return warnings;
  }
}
