import { InputError } from "../errors";
import { kMeans } from "../latent/kmeans";
import { rowsByLabel } from "../latent/selection";
import type { TaskOptions } from "../progress";

/** A way to divide all particles into sets by their places in the latent space. */
export type Clustering = { method: "kmeans"; count: number; seed?: number };

/**
 * Rows of each cluster, clusters in the order of their first coordinate; none is empty.
 * @param points [n · dimensions]
 * @throws InputError for a method that is not known, and where there are fewer points than clusters
 */
export async function clusterRows(
  points: Float32Array,
  dimensions: number,
  clustering: Clustering,
  _task: TaskOptions = {},
): Promise<Uint32Array[]> {
  switch (clustering.method) {
    case "kmeans": {
      const { count, seed } = clustering;
      const { labels } = kMeans(points, dimensions, count, seed === undefined ? {} : { seed });
      return rowsByLabel(labels, count).filter((rows) => rows.length > 0);
    }
    default:
      throw new InputError("method", "kmeans", String((clustering as { method: unknown }).method));
  }
}
