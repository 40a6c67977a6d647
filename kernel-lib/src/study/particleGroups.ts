import { labelPoints } from "../latent/labelPoints";
import { gaussianMixture } from "../latent/mixture";
import { type MixtureSelection, selectMixture } from "../latent/mixtureSelection";
import type { TaskOptions } from "../progress";

/** Number of groups, or `auto`: as many as there are gaps. */
export type GroupNumber = number | "auto";

/** How groups are made. */
export interface GroupOptions extends TaskOptions {
  seed: number;
}

/** Groups of particles, and the mixture by which other particles are given to them. */
export type Groups = Pick<MixtureSelection, "mixture" | "groupOf" | "labels"> & {
  /** Mean of each, [groups · axes]. */
  centres: ArrayLike<number>;
};

/** Number of groups. */
export const numberOf = ({ groupOf }: Pick<Groups, "groupOf">): number => Math.max(...groupOf) + 1;

/** Gaussians that are tried. */
const mostGaussians = 12;

/** The own particles of a part, which are divided into groups. */
export class ParticleGroups {
  private readonly found = new Map<GroupNumber, Promise<Groups>>();

  /**
   * @param places of the particles, [particles · axes]
   * @param errors typical error along each axis, [axes]
   */
  constructor(
    private readonly places: Float32Array,
    readonly axes: number,
    private readonly errors: ArrayLike<number>,
  ) {}

  /** Standard deviation of the particles along each axis. */
  get spread(): Float64Array {
    const { places, axes } = this;
    const n = places.length / axes;
    const sums = new Float64Array(axes);
    const squares = new Float64Array(axes);
    places.forEach((x, i) => {
      sums[i % axes]! += x / n;
    });
    places.forEach((x, i) => {
      squares[i % axes]! += (x - sums[i % axes]!) ** 2 / n;
    });
    return squares.map(Math.sqrt);
  }

  /** Typical error of a coordinate in standard deviations of the particles. */
  relativeError(axis: number): number {
    return this.errors[axis]! / (this.spread[axis]! || 1);
  }

  /** The particles in so many groups. */
  divided(number: GroupNumber, options: GroupOptions): Promise<Groups> {
    const found = this.found.get(number) ?? this.divide(number, options);
    this.found.set(number, found);
    return found;
  }

  /** Group of each of some places in the same space, [rows · axes]. */
  async labels(places: Float32Array, number: GroupNumber, options: GroupOptions): Promise<Int32Array> {
    const { seed: _, ...task } = options;
    const deviations = this.deviations(places.length);
    return labelPoints(await this.divided(number, options), places, this.axes, { ...task, deviations });
  }

  private async divide(number: GroupNumber, options: GroupOptions): Promise<Groups> {
    const { places, axes } = this;
    const how = { ...options, deviations: this.deviations(places.length) };
    if (number === "auto") return selectMixture(places, axes, how);
    const most = Math.max(mostGaussians, number);
    const found = await selectMixture(places, axes, { ...how, groups: number, most });
    if (numberOf(found) === number) return found;
    // Fewer Gaussians describe these particles.
    const mixture = await gaussianMixture(places, axes, number, how);
    const groupOf = Int32Array.from({ length: number }, (_, c) => c);
    return { mixture, groupOf, labels: mixture.labels, centres: mixture.means };
  }

  private deviations(count: number): Float32Array {
    return Float32Array.from({ length: count }, (_, i) => this.errors[i % this.axes]!);
  }
}
