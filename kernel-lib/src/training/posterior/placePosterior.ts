import { ImageGroups } from "../imageGroups";
import { particlesPerPass } from "../memory";
import { type PlaceContext, PlaceLikelihood } from "./likelihood";
import { type PointPosterior, type PointPosteriorOptions, pointPosterior } from "./newtonPosterior";
import type { SearchSpace } from "./newtonSearch";
import type { PointLayout } from "./poseOffsets";

/** How far poses may be from those in the file: standard deviations of normal distributions. */
export interface PosePrior {
  /** Of each axis of the rotation, in degrees. 0: the rotation is known. */
  rotation: number;
  /** Of each axis of the shift, in Å. 0: the shift is known. */
  shift: number;
}

/** What a {@link PlaceSearch} works with. */
export interface PlaceSearchContext extends Omit<PlaceContext, "pose"> {
  /** Prior of the pose. Default: the pose is known. */
  prior?: PosePrior | undefined;
  /** Standard deviation of the prior of each axis of z, [latent]. Default 1. */
  placeDeviations?: ArrayLike<number> | undefined;
}

const degree = Math.PI / 180;

/**
 * Place and pose of particles together: the maximum of the posterior and the Gaussian approximation there, with the priors
 * N(0, 1) on each axis of z, N(0, rotation²) on each axis of the rotation and N(0, shift²) on the shift, both relative to the
 * pose of `targets`. Without axes (`fixedModel`) it refines poses against one model; without a prior of poses it finds places.
 */
export class PlaceSearch {
  readonly likelihood: PlaceLikelihood;
  private readonly space: SearchSpace;
  private readonly batchSize: number;
  /** Gaussians of a model. */
  readonly gaussians: number;

  constructor({ prior, placeDeviations, ...context }: PlaceSearchContext) {
    const { rotation = 0, shift = 0 } = prior ?? {};
    const { decoder, neutral } = context;
    this.gaussians = neutral.count;
    this.likelihood = new PlaceLikelihood({
      ...context,
      pose: { rotation: rotation > 0, shift: shift > 0 },
    });
    const { layout } = this;
    const deviations = new Float64Array(layout.width).fill(1);
    if (placeDeviations) deviations.set(Array.from(placeDeviations).slice(0, decoder.latent));
    if (layout.rotation >= 0) deviations.fill(rotation * degree, layout.rotation, layout.rotation + 3);
    if (layout.shift >= 0) {
      deviations.fill(shift / (neutral.boxSize * neutral.apix), layout.shift, layout.shift + 2);
    }
    this.space = { deviations, move: (point, step) => layout.move(point, step) };
    const images = ImageGroups.of(context.targets)?.imagesPerParticle ?? 1;
    const perPass = particlesPerPass(neutral.count * this.likelihood.modelsPerParticle);
    this.batchSize = Math.max(1, Math.round(perPass / images));
  }

  /** Meaning of the numbers of a point. */
  get layout(): PointLayout {
    return this.likelihood.layout;
  }

  /** Points at these places [rows · latent] and the poses of the file, [rows · width]. */
  startAt(places: Float32Array, rows: number): Float32Array {
    const { latent, width } = this.layout;
    const points = new Float32Array(rows * width);
    for (let i = 0; i < rows; i++) {
      points.set(places.subarray(i * latent, (i + 1) * latent), i * width);
    }
    return points;
  }

  /**
   * The posterior of these particles.
   * @param start where to begin, [particles · width]
   */
  find(
    particles: Int32Array,
    start: Float32Array,
    options: Omit<PointPosteriorOptions, "particles"> = {},
  ): Promise<PointPosterior> {
    return pointPosterior(this.likelihood, start, this.space, {
      batchSize: this.batchSize,
      ...options,
      particles,
    });
  }

  /** Negative log density of the prior at each point, up to a constant, [rows]. */
  priorCost(points: Float32Array): Float64Array {
    const { width } = this.layout;
    const cost = new Float64Array(points.length / Math.max(width, 1));
    points.forEach((x, i) => {
      cost[Math.floor(i / width)]! += (x / this.space.deviations[i % width]!) ** 2 / 2;
    });
    return cost;
  }
}
