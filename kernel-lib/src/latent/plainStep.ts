import { MixtureDensity, SufficientStatistics } from "./mixtureDensity";
import { type EMStep, type MixtureComponents, type NoisyPoints, tieCovariances } from "./mixtureParts";

/** A step for points without noise. */
export class PlainStep implements EMStep {
  private readonly density: MixtureDensity;
  private readonly statistics: SufficientStatistics;

  /** @param observed the components as the points scatter about them. Default: as they are */
  constructor(
    private readonly current: MixtureComponents,
    protected readonly set: NoisyPoints,
    observed = current,
  ) {
    this.density = new MixtureDensity(observed, set.dimensions);
    this.statistics = new SufficientStatistics(current.weights.length, set.dimensions, current.means);
  }

  get responsibilities(): Float64Array {
    return this.density.responsibilities;
  }

  evaluate(i: number): number {
    return this.density.evaluate(this.set.points, i * this.set.dimensions);
  }

  add(i: number): void {
    this.statistics.add(
      this.set.points,
      i * this.set.dimensions,
      this.density.responsibilities,
      this.density.pull,
    );
  }

  components(ridge: number, tied = false): MixtureComponents {
    const found = this.statistics.components(ridge);
    if (tied) tieCovariances(found);
    return { ...found, tails: this.current.tails };
  }
}
