import * as tf from "@tensorflow/tfjs-core";
import { useBackend } from "../compute/backends";
import { umap } from "../latent/umap";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import type { Progress, TaskOptions } from "../progress";
import { reconstruct } from "../reconstruction/reconstruct";
import { openRun } from "../training/runs/openRun";
import { serveCalls } from "../workerCalls";
import type { JobKind, JobRequest, JobResult, Jobs, ParticleSource } from "./backgroundJobs";
import { type ClusteredPoints, clusterRows } from "./sets/clusterings";

/** The worker thread of `BackgroundJobs`. */

/** Least time between two progress events, in milliseconds. */
const progressInterval = 100;

let open: { key: string; particles: Promise<ParticleSet> } | undefined;

/** The particles of a source. The last file stays open, since all sets of a run come from the same one. */
async function particlesOf({
  file,
  dataFolder,
  apix,
  invertContrast,
  bytes,
  symmetry,
  rows,
  operators,
}: ParticleSource): Promise<ParticleSet> {
  const key = JSON.stringify([file, dataFolder, apix, invertContrast, bytes, symmetry]);
  if (open?.key !== key) {
    const before = open;
    open = { key, particles: openParticles(file, { dataFolder, apix, invertContrast, bytes, symmetry }) };
    // A file that could not be opened was reported by its own job
    await before?.particles.then((particles) => particles.close()).catch(() => {});
  }
  const all = await open.particles.catch((error) => {
    // Reset, so that the next job tries again
    open = undefined;
    throw error;
  });
  return rows ? all.selectRows(rows, operators) : all;
}

const work: { [K in JobKind]: (given: Jobs[K]["given"], task: TaskOptions) => Promise<Jobs[K]["result"]> } = {
  reconstruct: async ({ source, indices, boxSize }, task) =>
    reconstruct(await particlesOf(source), { indices, ...(boxSize !== undefined && { boxSize }), ...task }),
  clusters: async ({ clustering, run: folder, ...points }, task) => {
    if (folder === undefined) return clusterRows(points, clustering, task);
    // The networks of the run need one, in this thread too.
    if (!tf.getBackend()) await useBackend("auto");
    const run = await openRun(folder);
    const assign: ClusteredPoints["assign"] = (groups, under) => run.assignByImages(groups, under);
    return clusterRows({ ...points, assign }, clustering, task).finally(() => run.close());
  },
  umap: ({ points, dimensions }, task) => umap(points, dimensions, task),
};

serveCalls<JobRequest, JobResult, Progress>(({ kind, given }, { emit }) => {
  let last = 0;
  const onProgress: TaskOptions["onProgress"] = (progress) => {
    const now = Date.now();
    if (now - last < progressInterval && progress.done < progress.total) return;
    last = now;
    emit(progress);
  };
  const run = work[kind] as (given: unknown, task: TaskOptions) => Promise<JobResult>;
  return run(given, { onProgress });
});
