import { parentPort } from "node:worker_threads";
import { umap } from "../latent/umap";
import { openParticles, type ParticleSet } from "../particles/particleSet";
import type { TaskOptions } from "../progress";
import { reconstruct } from "../reconstruction/reconstruct";
import type { FromJobThread, JobKind, Jobs, ParticleSource, ToJobThread } from "./backgroundJobs";
import { clusterRows } from "./sets/clusterings";

/** The thread of `BackgroundJobs`: does what it is told, reports progress, answers. */

/** Steps may take milliseconds; somebody who watches sees no more than this. */
const PROGRESS_INTERVAL = 100;

let open: { key: string; particles: Promise<ParticleSet> } | undefined;

/** The particles of a source. The file that was read last stays open: sets of one run all come from it. */
async function particlesOf({
  file,
  dataFolder,
  apix,
  invertContrast,
  bytes,
  rows,
}: ParticleSource): Promise<ParticleSet> {
  const key = JSON.stringify([file, dataFolder, apix, invertContrast, bytes]);
  if (open?.key !== key) {
    const before = open;
    open = { key, particles: openParticles(file, { dataFolder, apix, invertContrast, bytes }) };
    // One that could not be opened has been reported to whoever asked for it
    await before?.particles.then((particles) => particles.close()).catch(() => {});
  }
  const all = await open.particles.catch((error) => {
    // The next attempt looks again: the file may have come in the meantime
    open = undefined;
    throw error;
  });
  return rows ? all.selectRows(rows) : all;
}

const work: { [K in JobKind]: (given: Jobs[K]["given"], task: TaskOptions) => Promise<Jobs[K]["result"]> } = {
  reconstruct: async ({ source, indices, boxSize }, task) =>
    reconstruct(await particlesOf(source), { indices, ...(boxSize !== undefined && { boxSize }), ...task }),
  clusters: ({ points, dimensions, clustering }, task) => clusterRows(points, dimensions, clustering, task),
  umap: ({ points, dimensions }, task) => umap(points, dimensions, task),
};

parentPort?.on("message", async ({ job, kind, given }: ToJobThread) => {
  const say = (said: FromJobThread) => parentPort?.postMessage(said);
  let last = 0;
  const onProgress: TaskOptions["onProgress"] = (progress) => {
    const now = Date.now();
    if (now - last < PROGRESS_INTERVAL && progress.done < progress.total) return;
    last = now;
    say({ job, kind: "progress", progress });
  };
  try {
    const run = work[kind] as (given: unknown, task: TaskOptions) => Promise<Jobs[JobKind]["result"]>;
    say({ job, kind: "done", result: await run(given, { onProgress }) });
  } catch (error) {
    const { name, message } = error as Error;
    say({ job, kind: "failed", name, message });
  }
});
