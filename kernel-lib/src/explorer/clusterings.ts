import { InputError } from "../errors";
import { kMeans } from "../latent/kmeans";
import { gaussianMixture } from "../latent/mixture";
import { rowsByLabel } from "../latent/selection";
import type { TaskOptions } from "../progress";

/** A way to divide all particles into sets by their places in the latent space. */
export type Clustering = {
  /** k-means, or a mixture of Gaussians with full covariances of which each point goes to the likeliest. */
  method: "kmeans" | "mixture";
  /** Number of clusters. */
  count: number;
  /** Default 1. */
  seed?: number;
};

/**
 * Rows of each cluster, clusters in the order of their first coordinate; none is empty.
 * @param points [n · dimensions]
 * @throws InputError for a method that is not known, and where there are fewer points than clusters
 */
export async function clusterRows(
  points: Float32Array,
  dimensions: number,
  clustering: Clustering,
  task: TaskOptions = {},
): Promise<Uint32Array[]> {
  const { method, count, seed = 1 } = clustering;
  switch (method) {
    case "kmeans":
      return occupied(kMeans(points, dimensions, count, { seed }).labels, count);
    case "mixture":
      return occupied((await gaussianMixture(points, dimensions, count, { seed, ...task })).labels, count);
    default:
      throw new InputError("method", "kmeans or mixture", String(method));
  }
}

function occupied(labels: Int32Array, count: number): Uint32Array[] {
  return rowsByLabel(labels, count).filter((rows) => rows.length > 0);
}
