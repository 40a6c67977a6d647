import { InputError } from "../../errors";
import { densityClusters } from "../../latent/density";
import { kMeans } from "../../latent/kmeans";
import { gaussianMixture } from "../../latent/mixture";
import { rowsByLabel } from "../../latent/selection";
import type { TaskOptions } from "../../progress";

/** A way to divide particles into sets by their places in the latent space. */
export type Clustering =
  | {
      /** k-means, or a mixture of Gaussians with full covariances of which each point goes to the likeliest. */
      method: "kmeans" | "mixture";
      /** Number of clusters. */
      count: number;
      /** Default 1. */
      seed?: number;
    }
  | {
      /** Clusters that are denser than what lies between them (HDBSCAN), as many as there are; the rest is in none. */
      method: "density";
      /** Particles that make a cluster. Default a hundredth of all, at least 20. */
      leastSize?: number;
      /** Default 1. */
      seed?: number;
    };

/**
 * Rows of each cluster, clusters in the order of their first coordinate; none is empty.
 * @param points [n · dimensions]
 * @throws InputError for a method that is not known, where there are fewer points than clusters, and where there is none
 */
export async function clusterRows(
  points: Float32Array,
  dimensions: number,
  clustering: Clustering,
  task: TaskOptions = {},
): Promise<Uint32Array[]> {
  const { seed = 1 } = clustering;
  switch (clustering.method) {
    case "kmeans":
      return occupied(kMeans(points, dimensions, clustering.count, { seed }).labels, clustering.count);
    case "mixture": {
      const { labels } = await gaussianMixture(points, dimensions, clustering.count, { seed, ...task });
      return occupied(labels, clustering.count);
    }
    case "density": {
      const { leastSize } = clustering;
      const options = { seed, ...(leastSize !== undefined && { minClusterSize: leastSize }), ...task };
      const { labels, sizes } = await densityClusters(points, dimensions, options);
      if (sizes.length === 0)
        throw InputError.of(
          "No clusters were found: the particles lie nowhere closer together than elsewhere.",
        );
      return occupied(labels, sizes.length);
    }
    default: {
      const { method } = clustering as { method: unknown };
      throw new InputError("method", "kmeans, mixture or density", String(method));
    }
  }
}

function occupied(labels: Int32Array, count: number): Uint32Array[] {
  return rowsByLabel(labels, count).filter((rows) => rows.length > 0);
}
