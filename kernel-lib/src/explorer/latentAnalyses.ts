import { InputError } from "../errors";
import { columnsOf } from "../latent/selection";
import { beginTask, type TaskOptions } from "../progress";
import type { NamedSet } from "../workbench/setTable";
import type { Jobs } from "./backgroundJobs";
import type { ExplorerParts } from "./explorerParts";
import type { Clustering } from "./sets/clusterings";

/**
 * Clustering and UMAP of the latent coordinates, in the background thread. The result goes to the set table or, as
 * columns, to the scatter; progress goes to the traits `busy` and `analysis`.
 */
export class LatentAnalyses {
  /** Each ends a computation that runs or waits. */
  private readonly running = new Set<AbortController>();

  constructor(
    private readonly parts: Pick<ExplorerParts, "page" | "explored" | "scatter" | "sets" | "jobs">,
  ) {}

  /** Makes a set of each cluster. */
  async cluster(clustering: Clustering, task: TaskOptions): Promise<NamedSet[]> {
    const { explored, page, sets } = this.parts;
    const { latents, latent, deviations } = explored;
    const label = { kmeans: "k-means", mixture: "mixture", density: "density" }[clustering.method];
    const given = { points: latents, dimensions: latent, deviations, clustering };
    const byImages = clustering.method === "mixture" && this.canReadImages();
    const clusters = await this.run(
      "clusters",
      { ...given, ...(byImages && { run: explored.folder }) },
      task,
    ).catch((error: unknown) => {
      if (!byImages || !(error instanceof InputError)) throw error;
      page.set({ status: `Assigned by places, since the images cannot be compared: ${error.message}` });
      return this.run("clusters", given, task);
    });
    if (latents !== explored.latents) {
      page.set({ status: "Training has continued: the clusters are from an earlier epoch" });
    }
    return sets.addAll(
      clusters.map((rows, i) => ({ rows, name: `${label} ${i + 1} of ${clusters.length}` })),
    );
  }

  /** Whether the run is complete and its images are there, each of one place. */
  private canReadImages(): boolean {
    const { deviations, particles, run } = this.parts.explored;
    return deviations !== undefined && particles !== undefined && run?.record.inputs.symmetry === undefined;
  }

  /** Shows the particles over the axes of a UMAP. */
  async umap(task: TaskOptions): Promise<void> {
    const { explored, scatter } = this.parts;
    const { latents, latent } = explored;
    const { points, components } = await this.run("umap", { points: latents, dimensions: latent }, task);
    if (latents !== explored.latents) {
      throw InputError.of("The latent coordinates changed while the UMAP was computed; try again.");
    }
    columnsOf(points, components).forEach((values, i) => {
      scatter.setColumn({ name: `UMAP ${i + 1}`, values });
    });
    scatter.set({ x: "UMAP 1", y: "UMAP 2", z: null });
  }

  /** Stops all of them, also those that wait; no effect without one. */
  stop(): void {
    for (const controller of this.running) controller.abort(new Error("stopped"));
  }

  private async run<K extends "clusters" | "umap">(
    kind: K,
    given: Jobs[K]["given"],
    task: TaskOptions,
  ): Promise<Jobs[K]["result"]> {
    const { explored, jobs, page } = this.parts;
    if (explored.count === 0) {
      throw InputError.of("There are no latent coordinates yet: the first epoch is not finished.");
    }
    const begun = beginTask(task);
    const controller = new AbortController();
    const stop = () => controller.abort(begun.signal?.reason);
    begun.signal?.addEventListener("abort", stop, { once: true });
    this.running.add(controller);
    const name = { clusters: "clusters", umap: "UMAP" }[kind];
    page.set({ busy: `Computing ${name}…`, analysis: { task: name, done: 0, total: 1 } });
    try {
      return await jobs.run(kind, given, {
        ...begun,
        signal: controller.signal,
        onProgress: (progress) => {
          const { task, done, total } = progress;
          page.set({
            busy: `${task}: ${Math.round((100 * done) / Math.max(total, 1))} %`,
            analysis: { task, done, total },
          });
          begun.onProgress?.(progress);
        },
      });
    } finally {
      begun.signal?.removeEventListener("abort", stop);
      this.running.delete(controller);
      if (this.running.size === 0) page.set({ busy: "", analysis: null });
    }
  }
}
