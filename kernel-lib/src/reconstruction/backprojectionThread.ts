import { twiddles } from "../fourier/twiddles";
import { imageStatistics } from "../particles/images/imageOutliers";
import { instantiate, type KernelExports, pagesOf, seeGrowth } from "../wasm/wasmMemory";
import {
  type BackprojectionRequest,
  imageNumbers,
  type PartMemory,
  planesWords,
  type SharedBackprojection,
  statisticsNumbers,
} from "./backprojectionMemory";
import { sampleLength } from "./gridLayout";
import { ImageSampler } from "./imageSampler";
import { PaddedInverse } from "./paddedInverse";

/**
 * One thread of a back-projection. It takes images, planes of the grid and lines of transforms from a common counter until none is
 * left; what it writes does not depend on which thread takes what.
 */
export class BackprojectionThread {
  private readonly sampler: ImageSampler;
  private readonly inverse: PaddedInverse;
  private readonly kernels: KernelExports[];
  private readonly samples: Float32Array[];

  constructor(private readonly shared: SharedBackprojection) {
    const { module, parts, layout } = shared;
    this.sampler = new ImageSampler(module);
    this.inverse = new PaddedInverse(shared, twiddles(2 * layout.boxSize));
    this.kernels = parts.map(({ memory }) => {
      const kernels = instantiate(module, memory);
      seeGrowth(kernels, memory, pagesOf(memory));
      return kernels;
    });
    this.samples = parts.map(({ memory, samples, grid }) => {
      return new Float32Array(memory.buffer, samples, (grid - samples) / 4);
    });
  }

  run(request: BackprojectionRequest): void {
    if (request.task === "statistics") this.measure(request.size, request.count);
    else if (request.task === "samples") this.sample(request);
    else if (request.task === "planes") this.distribute(request);
    else if (request.task === "weights") this.inverse.addWeights(request, () => this.next());
    else if (request.task === "clear") this.inverse.clear(request.sum, () => this.next());
    else if (request.task === "columns") this.inverse.columns(request.map, () => this.next());
    else this.inverse.sections(request.map, () => this.next());
  }

  private next(): number {
    return Atomics.add(this.shared.counter, 0, 1);
  }

  private measure(size: number, count: number): void {
    const { pixels, statistics } = this.shared;
    for (let n = this.next(); n < count; n = this.next()) {
      const { mean, standardDeviation, farthest } = imageStatistics(pixels, n * size * size, size * size);
      statistics.set([mean, standardDeviation, farthest], statisticsNumbers * n);
    }
  }

  private sample({ group, count }: BackprojectionRequest & { task: "samples" }): void {
    const { pixels, images, statistics } = this.shared;
    const area = group.size ** 2;
    const length = sampleLength(group.rings);
    for (let n = this.next(); n < count; n = this.next()) {
      const found = imageStatistics(pixels, n * area, area);
      statistics.set([found.mean, found.standardDeviation, found.farthest], statisticsNumbers * n);
      const own = this.sampler.run(group, {
        pixels: pixels.subarray(n * area, (n + 1) * area),
        numbers: images.subarray(imageNumbers * n, imageNumbers * (n + 1)),
        keepMean: Math.abs(found.mean) <= largeMean * found.standardDeviation,
      });
      for (const samples of this.samples) samples.set(own, n * length);
    }
  }

  private distribute({ rings, count, slabs, thread }: BackprojectionRequest & { task: "planes" }): void {
    const { layout, parts } = this.shared;
    for (let s = this.next(); s < slabs.length; s = this.next()) {
      const { part, lo, hi } = slabs[s]!;
      const memory = parts[part]!;
      const { first, end } = layout.parts[part]!;
      const address = memory.jobs + 64 * thread;
      const words: Record<(typeof planesWords)[number], number> = {
        grid: memory.grid,
        sumBytes: 4 * layout.strideZ * (end - first),
        first,
        lo,
        hi,
        reach: layout.reach,
        strideY: 4 * layout.strideY,
        strideZ: 4 * layout.strideZ,
        rings,
        extent: memory.extent,
        views: memory.views,
        count,
      };
      recordAt(memory, address).set(planesWords.map((word) => words[word] | 0));
      this.kernels[part]!.distribute(address);
    }
  }
}

/** In standard deviations; images with larger means were never normalized, and the mean is not part of the particle. */
const largeMean = 10;

const recordAt = ({ memory }: PartMemory, address: number) =>
  new Int32Array(memory.buffer, address, planesWords.length);
