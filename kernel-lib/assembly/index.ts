// What WebAssembly does of the projection engine, of the networks and of the images of particles. The networks' part is in
// dense.ts, the images' in image.ts. The engine's, of one thread: the host lays a Job in shared memory and calls `work` in every thread; particles are taken one by one from a
// common counter. Nothing is allocated here: the host gives each thread its scratch.

// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { Job } from "./job";
import { gather, place, poseBytes } from "./pose";
import { correlate, ringBytes } from "./rings";
import { contractSeparable, projectSeparable, separableBytes } from "./separable";
import { contractSpread, projectSpread, spreadBytes } from "./spread";

export { dense, denseChunks } from "./dense";
export { imageScratchBytes, ringPower, transformImage } from "./image";

function aligned(bytes: usize): usize {
  return (bytes + 63) & ~(<usize>63);
}

function imageBytes(rings: i32): usize {
  return aligned(<usize>(8 * (rings + 1) * (2 * rings + 1)));
}

/** Bytes of scratch that one thread needs; `grid` 0 for separable factors. */
export function scratchBytes(gaussians: i32, rings: i32, grid: i32, margin: i32): usize {
  const method = grid === 0 ? separableBytes(rings) : spreadBytes(gaussians, rings, grid, margin);
  return aligned(poseBytes(gaussians)) + 2 * imageBytes(rings) + aligned(ringBytes(rings)) + method;
}

function project(job: Job, runs: usize, image: usize, scratch: usize): void {
  if (job.method === 0) projectSeparable(job, runs, image, scratch);
  else projectSpread(job, runs, image, scratch);
}

function contract(job: Job, runs: usize, slope: usize, scratch: usize): void {
  if (job.method === 0) contractSeparable(job, runs, slope, scratch);
  else contractSpread(job, runs, slope, scratch);
}

/** Works on particles of the job until none is left. */
export function work(address: usize, scratch: usize): void {
  const job = changetype<Job>(address);
  const runs = scratch;
  const image = runs + aligned(poseBytes(job.gaussians));
  const slope = image + imageBytes(job.rings);
  const sums = slope + imageBytes(job.rings);
  const rest = sums + aligned(ringBytes(job.rings));
  const rings = job.rings;
  while (true) {
    const b = atomic.add<i32>(address, 1);
    if (b >= job.count) return;
    place(job, b, runs);
    if (job.task === 0) {
      const bytes = <usize>(8 * (rings + 1) * (2 * rings + 1));
      const out = job.images + <usize>b * bytes;
      memory.fill(out, 0, bytes);
      project(job, runs, out, rest);
      store<u64>(out + 8 * <usize>rings, 0);
      continue;
    }
    project(job, runs, image, rest);
    correlate(job, b, image, job.task === 2 ? slope : 0, sums);
    if (job.task === 2) {
      contract(job, runs, slope, rest);
      gather(job, b, runs);
    }
  }
}
