import type { ArcLengthScale } from "../../network/arcLength";

/** What an axis changes: positions, amplitudes and widths, or all of them. */
export type AxisKind = "conformation" | "composition" | "mixed";

/** Size of the change along an axis. */
export interface AxisSize {
  /** For one unit of the coordinate, mean over the central 95 % of the population. */
  perUnit: number;
  /** Along the whole of these 95 %. */
  range: number;
}

/** What an axis is made from. */
export interface LatentAxisParts {
  name: string;
  kind: AxisKind;
  /** Number among the axes of its kind, from 1. */
  number: number;
  range: readonly [number, number];
  motion: AxisSize;
  density: AxisSize;
  /** Lengths of the path from coordinate 0, in Å and in fractions of the density. */
  scales: { motion: ArcLengthScale; density: ArcLengthScale };
  real?: boolean | undefined;
  observability?: Float32Array | undefined;
}

/** A view that tells less than this fraction of an axis tells little of it. */
const little = 0.5;

/**
 * An axis of a latent space as it can be read: what it changes, and by how much. Coordinates have unit variance in the
 * population, which is the prior of the refinement; `motion` and `angstrom` say what they are in Å.
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const [axis] = await run.axes();
 * console.log(axis.title); // conformation 1 · 1 unit = 3.4 Å RMS
 * const { refined } = await run.latents();
 * console.log(axis.angstrom(refined[0])); // of the first particle, from the mean
 * ```
 */
export class LatentAxis {
  /** Name of its coordinate: `z1`, `z2`, … */
  readonly name: string;
  /** What it changes. */
  readonly kind: AxisKind;
  /** Number among the axes of this kind, from 1. */
  readonly number: number;
  /** Coordinates between which the central 95 % of the population lie. */
  readonly range: readonly [number, number];
  /** Root mean square displacement in Å of the Gaussians that may move, see `model.stateChange`. */
  readonly motion: AxisSize;
  /** Fraction of the density that comes or goes. */
  readonly density: AxisSize;
  /** Whether the evidence of the run calls it real; undefined before it was measured. */
  readonly real: boolean | undefined;
  /** Median over the particles of the fraction of the axis that their views tell; undefined before the run is complete. */
  readonly observability: number | undefined;
  private readonly scales: LatentAxisParts["scales"];

  /** @internal Use `run.axes()`. */
  constructor({ name, kind, number, range, motion, density, scales, real, observability }: LatentAxisParts) {
    this.name = name;
    this.kind = kind;
    this.number = number;
    this.range = range;
    this.motion = motion;
    this.density = density;
    this.real = real;
    this.observability = observability && median(observability);
    this.scales = scales;
  }

  /** Kind and number, such as `conformation 1`. */
  get label(): string {
    return `${this.kind} ${this.number}`;
  }

  /** Label and size, for axes of figures: `conformation 1 · 1 unit = 3.4 Å RMS`. */
  get title(): string {
    return `${this.label} · 1 unit = ${this.sizeText("perUnit")}`;
  }

  /** Whether the views of most particles tell less than half of the axis. */
  get hardlySeen(): boolean {
    return this.observability !== undefined && this.observability < little;
  }

  /** Everything in a line of text, for consoles and reports. */
  get summary(): string {
    const { name, title, real } = this;
    const state = real === undefined ? "" : real ? ", real" : ", not real";
    const whole = `(${this.sizeText("range")} over 95 % of the particles)`;
    // Of an axis that is not real nothing can be told.
    return `${name}: ${title} ${whole}${state}${real === false ? "" : this.seenText}`;
  }

  /** How much the particles' views tell, with a warning where most of them tell little. */
  private get seenText(): string {
    if (this.observability === undefined) return "";
    const percent = `${(100 * this.observability).toFixed(0)} %`;
    return this.hardlySeen
      ? `; most views tell little of it (median ${percent}), so a histogram shows their uncertainty more than states`
      : `; a typical view tells ${percent} of it`;
  }

  /**
   * Displacement in Å (root mean square) from the mean state to a coordinate, along the axis with the others at 0, with the
   * sign of the coordinate. It is the length of the path, and so exact for an axis that is alone of its kind. 0 for
   * composition.
   */
  angstrom(z: number): number {
    return this.scales.motion.toArcLength(z);
  }

  /** Fraction of the density that comes or goes from the mean state to a coordinate, in the same way; 0 for conformation. */
  densityChange(z: number): number {
    return this.scales.density.toArcLength(z);
  }

  private sizeText(which: keyof AxisSize): string {
    const { kind, motion, density } = this;
    const parts = [
      ...(kind === "composition" ? [] : [`${angstromText(motion[which])} RMS`]),
      ...(kind === "conformation" ? [] : [`${percentText(density[which])} of density`]),
    ];
    return parts.join(", ");
  }
}

/** A length in Å, as text. */
export function angstromText(length: number): string {
  return `${length.toFixed(Math.abs(length) < 0.995 ? 2 : 1)} Å`;
}

/** A fraction in percent, as text. */
export function percentText(fraction: number): string {
  const percent = 100 * fraction;
  return `${percent.toFixed(percent < 0.95 ? 1 : 0)} %`;
}

function median(values: Float32Array): number {
  return values.slice().sort()[Math.floor(values.length / 2)]!;
}
