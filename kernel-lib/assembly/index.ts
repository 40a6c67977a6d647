// Entry points of the WebAssembly module. For projections the host writes a Job to shared memory and calls `work` in every
// thread; threads take particles from a common counter. For networks it calls `network` with a record of dense.ts or
// head.ts, for particle images the functions of image.ts. The module allocates nothing: the host provides scratch memory.

import { dense } from "./dense";
import { head } from "./head";
// biome-ignore lint/style/useImportType: AssemblyScript knows no imports of types only
import { aligned, imageBytes, Job } from "./job";
import { gather, place, poseBytes } from "./pose";
import { multiply, productBytes } from "./products";
import { correlate, ringBytes } from "./rings";
import { projectSeparable, separableBytes } from "./separable";
import { contractSeparable } from "./separableGradient";
import { projectSpread } from "./spread";
import { contractSpread } from "./spreadGradient";
import { spreadBytes } from "./spreadGrid";

export { distribute, sampleImage } from "./backproject";
export { denseChunks } from "./dense";
export { transform as transformLines } from "./fft";
export { headChunks } from "./head";
export { imageScratchBytes, ringPower, transformImage } from "./image";

/**
 * Size of the memory in pages of 64 KiB, as the calling thread knows it. Bulk operations check their addresses against
 * this size, which may be outdated when another thread has grown the memory.
 */
export function memoryPages(): i32 {
  return memory.size();
}

/** Works on the task of a layer or of the head at `address` until no chunk is left. */
export function network(address: usize): void {
  const task = load<i32>(address, 8);
  if (task < 3) dense(address);
  else head(address);
}

/** Scratch bytes per thread; `grid` is 0 for separable factors, `variants` 0 if no products are computed. */
export function scratchBytes(gaussians: i32, rings: i32, grid: i32, margin: i32, variants: i32): usize {
  const method = grid === 0 ? separableBytes(rings) : spreadBytes(gaussians, rings, grid, margin);
  const images = <usize>max(2, variants) * imageBytes(rings);
  const sums = max(ringBytes(rings), productBytes(rings, variants));
  return aligned(poseBytes(gaussians)) + images + aligned(sums) + method;
}

function project(job: Job, runs: usize, image: usize, scratch: usize): void {
  if (job.method === 0) projectSeparable(job, runs, image, scratch);
  else projectSpread(job, runs, image, scratch);
}

function contract(job: Job, runs: usize, gradient: usize, scratch: usize): void {
  if (job.method === 0) contractSeparable(job, runs, gradient, scratch);
  else contractSpread(job, runs, gradient, scratch);
}

/** Works on particles of the job until none is left. */
export function work(address: usize, scratch: usize): void {
  const job = changetype<Job>(address);
  const rings = job.rings;
  const runs = scratch;
  const image = runs + aligned(poseBytes(job.gaussians));
  const gradient = image + imageBytes(rings);
  const several = job.task === 3;
  const variants = job.variants;
  const sums = image + <usize>max(2, variants) * imageBytes(rings);
  const rest = sums + aligned(max(ringBytes(rings), productBytes(rings, variants)));
  const bytes = <usize>(8 * (rings + 1) * (2 * rings + 1));
  const modelBytes = <usize>(4 * job.modelStride);
  while (true) {
    const b = atomic.add<i32>(address, 1);
    if (b >= job.count) return;
    if (several) {
      for (let v = 0; v < variants; v++) {
        place(job, b, job.model + <usize>(b * variants + v) * modelBytes, runs);
        const to = image + <usize>v * imageBytes(rings);
        project(job, runs, to, rest);
      }
      multiply(job, b, image, sums);
      continue;
    }
    place(job, b, job.model + <usize>b * modelBytes, runs);
    if (job.task === 0) {
      const out = job.images + <usize>b * bytes;
      memory.fill(out, 0, bytes);
      project(job, runs, out, rest);
      store<u64>(out + 8 * <usize>rings, 0);
      continue;
    }
    project(job, runs, image, rest);
    correlate(job, b, image, job.task === 2 ? gradient : 0, sums);
    if (job.task === 2) {
      contract(job, runs, gradient, rest);
      gather(job, b, runs);
    }
  }
}
