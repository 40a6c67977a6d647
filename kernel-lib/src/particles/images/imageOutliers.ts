import { roundedText } from "../../shortText";

/**
 * Detection of images that would dominate a sum: constant ones, ones on another scale, and ones with a hot pixel. They are
 * compared with the median of a sample of the set, which a few outliers do not change.
 */

/** Statistics of the pixels of an image. */
export interface ImageStatistics {
  mean: number;
  standardDeviation: number;
  /** Largest distance of a pixel from the mean. */
  farthest: number;
}

/** An image that is left out of a reconstruction or training. */
export interface LeftOutImage {
  /** Index of the particle. */
  index: number;
  /** Why it is left out, such as `all its pixels are 0`. */
  reason: string;
}

/** Largest factor between the standard deviation of an image and the median. Normalised images differ by less than 2. */
const maxScale = 10;
/** Distance of a hot pixel from the mean, in median standard deviations; noise reaches 6, gold beads 30. */
const hotPixelDistance = 100;
/** A hot pixel is also this many times farther than the farthest pixels of other images: noise-free images are peaked. */
const hotPixelRatio = 10;

/** Statistics of `count` pixels from index `from`. Default: all pixels. */
export function imageStatistics(values: Float32Array, from = 0, count = values.length): ImageStatistics {
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += values[i]!;
  const mean = sum / count;
  let squares = 0;
  let farthest = 0;
  for (let i = from; i < from + count; i++) {
    const distance = Math.abs(values[i]! - mean);
    squares += distance * distance;
    if (distance > farthest) farthest = distance;
  }
  return { mean, standardDeviation: Math.sqrt(squares / count), farthest };
}

/** Judges images by comparison with a sample of their set. */
export class ImageScreen {
  private readonly deviation: number;
  private readonly farthest: number;

  /** @param sample statistics of some images of the set */
  constructor(sample: readonly ImageStatistics[]) {
    const varied = sample.filter((image) => !isConstant(image));
    this.deviation = median(varied.map(({ standardDeviation }) => standardDeviation));
    this.farthest = median(varied.map(({ farthest }) => farthest));
  }

  /** Why an image is an outlier; undefined if it is not. */
  judge(image: ImageStatistics): string | undefined {
    const { mean, standardDeviation, farthest } = image;
    if (isConstant(image)) return `all its pixels are ${roundedText(mean, 4)}`;
    const scale = standardDeviation / this.deviation;
    if (scale > maxScale) return `its standard deviation is ${rounded(scale)} times the median`;
    if (scale < 1 / maxScale) return `its standard deviation is 1/${rounded(1 / scale)} of the median`;
    const distance = farthest / this.deviation;
    if (distance > hotPixelDistance && farthest > hotPixelRatio * this.farthest) {
      return `a pixel is ${rounded(distance)} standard deviations from its mean`;
    }
    return undefined;
  }
}

/** Rounding leaves a small deviation in constant images. */
function isConstant({ mean, standardDeviation, farthest }: ImageStatistics): boolean {
  return farthest === 0 || standardDeviation <= 1e-7 * Math.abs(mean);
}

/** The lower median, so that of two images the brighter one is the outlier; NaN for no values. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.NaN;
}

function rounded(value: number): string {
  return value < 1e4 ? value.toFixed(0) : value.toExponential(1).replace("e+", "e");
}

/** Images that are listed individually. */
const maxNamed = 10;

/**
 * Describes the images that were left out, in one sentence.
 * @param among number of images including them
 * @param rowOf row in the file, from 0, of a particle index. Default: the index
 * @example
 * ```ts
 * console.log(e2.particles.describeLeftOut([{ index: 4, reason: "all its pixels are 0" }], 200));
 * ```
 */
export function describeLeftOut(
  leftOut: readonly LeftOutImage[],
  among: number,
  rowOf: (index: number) => number = (index) => index,
): string {
  const named = leftOut.slice(0, maxNamed).map(({ index, reason }) => `row ${rowOf(index) + 1}: ${reason}`);
  if (leftOut.length > maxNamed) named.push(`${leftOut.length - maxNamed} more`);
  const are = leftOut.length === 1 ? "is" : "are";
  return `${leftOut.length} of ${among} images ${are} unlike the others and left out (${named.join("; ")})`;
}
