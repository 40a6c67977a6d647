import { fft2Real, halfWidth } from "../fourier/fft";
import { CtfEvaluator } from "../optics/ctf";
import {
  type ImageScreen,
  type ImageStatistics,
  imageStatistics,
  type LeftOutImage,
} from "../particles/images/imageOutliers";
import type { Backprojector } from "./backprojector";
import type { ImageChunk, ImageSource } from "./imageSource";

/** Adds images of particles, except for outliers, to sums. */
export class ImageAdder {
  /** Outlier images, in the order in which they were found. */
  readonly leftOut: LeftOutImage[] = [];
  private readonly rotations: Float32Array;
  private readonly shifts: Float32Array;
  /** The transform of an empty image. */
  private blank = new Float32Array(0);

  /** @param apix voxel size of the sums, in Å */
  constructor(
    private readonly source: ImageSource,
    private readonly apix: number,
  ) {
    this.rotations = source.rotations();
    this.shifts = source.shifts();
  }

  /** Adds the weights of particles without their images: what the sums of all of them are divided by. */
  addWeights(indices: ArrayLike<number>, sums: Backprojector): void {
    const { source, rotations, shifts } = this;
    for (let n = 0; n < indices.length; n++) {
      const index = indices[n]!;
      const { boxSize: size, apix } = source.opticsGroup(index);
      if (this.blank.length < 2 * halfWidth(size) * size) {
        this.blank = new Float32Array(2 * halfWidth(size) * size);
      }
      const ctf = source.ctf(index);
      sums.add(
        { half: this.blank, size, boxLength: size * apix, gain: 1 },
        {
          rotation: rotations.subarray(9 * index, 9 * index + 9),
          shift: shifts.subarray(2 * index, 2 * index + 2),
          ctf: ctf && new CtfEvaluator(ctf),
          ctfState: "raw",
        },
      );
    }
  }

  /**
   * Adds the images of a chunk.
   * @param sumsOf the sums that a particle is added to; called once for each that is no outlier
   */
  add(
    { group, indices }: ImageChunk,
    images: Float32Array,
    screen: ImageScreen | undefined,
    sumsOf: (index: number) => Backprojector,
  ): void {
    const { source, rotations, shifts } = this;
    const size = group.boxSize;
    const pixels = size * size;
    const half = new Float32Array(2 * halfWidth(size) * size);
    const gain = (group.apix ** 2 * source.apix) / this.apix ** 3;
    const image = { half, size, boxLength: size * group.apix, gain };
    const ctfState = group.ctfPremultiplied ? "premultiplied" : group.phaseFlipped ? "phaseFlipped" : "raw";
    for (const [n, index] of indices.entries()) {
      const statistics = imageStatistics(images, n * pixels, pixels);
      const reason = screen?.judge(statistics);
      if (reason !== undefined) {
        this.leftOut.push({ index, reason });
        continue;
      }
      const values = images.subarray(n * pixels, (n + 1) * pixels);
      subtractLargeMean(values, statistics);
      fft2Real(values, size, size, half);
      const ctf = source.ctf(index);
      sumsOf(index).add(image, {
        rotation: rotations.subarray(9 * index, 9 * index + 9),
        shift: shifts.subarray(2 * index, 2 * index + 2),
        ctf: ctf && new CtfEvaluator(ctf),
        ctfState,
      });
    }
  }
}

/** In standard deviations; images with larger means were never normalized, and the mean is not part of the particle. */
const largeMean = 10;

/** A mean far from 0 would cost digits of a transform in single precision. */
function subtractLargeMean(values: Float32Array, { mean, standardDeviation }: ImageStatistics): void {
  if (Math.abs(mean) <= largeMean * standardDeviation) return;
  for (let i = 0; i < values.length; i++) values[i]! -= mean;
}
