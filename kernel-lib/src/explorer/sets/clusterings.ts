import { InputError } from "../../errors";
import { densityClusters } from "../../latent/density";
import { kMeans } from "../../latent/kmeans";
import { type MixtureSetsOptions, mixtureSets } from "../../latent/mixtureSets";
import { rowsByLabel } from "../../latent/selection";
import type { TaskOptions } from "../../progress";

/** A way to cluster particles by their latent coordinates. */
export type Clustering =
  | {
      /**
       * k-means, or a mixture of Gaussians with full covariances, each particle in its most likely one. The mixture takes the
       * standard deviations of the coordinates into account, as `e2gmm latent` does.
       */
      method: "kmeans" | "mixture";
      /** Number of clusters. */
      count: number;
      /** Of the random start. Default 1. */
      seed?: number;
    }
  | {
      /** Clusters of higher density (HDBSCAN), which determines their number; particles between them are in none. */
      method: "density";
      /** Smallest number of particles in a cluster. Default a hundredth of all, at least 20. */
      minClusterSize?: number;
      /** Of the random sample. Default 1. */
      seed?: number;
    };

/** Points to be clustered. */
export interface ClusteredPoints {
  /** [n · dimensions] */
  points: Float32Array;
  dimensions: number;
  /** Their standard deviations, [n · dimensions], which mixture and density take into account. Default: none. */
  deviations?: Float32Array | undefined;
  /** Assigns them to separate groups of a mixture by their images. Default: they are assigned by these coordinates. */
  assign?: MixtureSetsOptions["assign"];
}

/**
 * Particle rows of each cluster, ordered by the clusters' first coordinate; empty clusters are left out.
 * @throws InputError for an unknown method, for fewer points than clusters, and if no cluster is found
 */
export async function clusterRows(
  { points, dimensions, deviations, assign }: ClusteredPoints,
  clustering: Clustering,
  task: TaskOptions = {},
): Promise<Uint32Array[]> {
  const { seed = 1 } = clustering;
  const errors = deviations && { deviations };
  switch (clustering.method) {
    case "kmeans":
      return nonEmpty(kMeans(points, dimensions, clustering.count, { seed }).labels, clustering.count);
    case "mixture": {
      const { count: clusters } = clustering;
      const options = { clusters, seed, assign, ...errors, ...task };
      const { labels, sizes } = await mixtureSets(points, dimensions, options);
      return nonEmpty(labels, sizes.length);
    }
    case "density": {
      const { minClusterSize } = clustering;
      const options = { seed, ...errors, ...(minClusterSize !== undefined && { minClusterSize }), ...task };
      const { labels, sizes } = await densityClusters(points, dimensions, options);
      if (sizes.length === 0)
        throw InputError.of("No clusters were found: the density of the particles is uniform.");
      return nonEmpty(labels, sizes.length);
    }
    default: {
      const { method } = clustering as { method: unknown };
      throw new InputError("method", "kmeans, mixture or density", String(method));
    }
  }
}

function nonEmpty(labels: Int32Array, count: number): Uint32Array[] {
  return rowsByLabel(labels, count).filter((rows) => rows.length > 0);
}
