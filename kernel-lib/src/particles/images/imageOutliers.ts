/**
 * Images that would outshine all others in a sum: constant ones, ones on another scale, ones with a hot pixel. They are found
 * by comparison with the median of a sample of the same set, which a few of them do not change.
 */

/** Mean, standard deviation, and largest distance of a pixel from the mean. */
export interface ImageStatistics {
  mean: number;
  standardDeviation: number;
  farthest: number;
}

/** An image that is not used, by its index among the particles, and why. */
export interface LeftOutImage {
  index: number;
  reason: string;
}

/** How far the standard deviation of an image may be from the median, as a factor. Normalised images differ by less than 2. */
const MOST_SCALE = 10;
/** Pixels further from the mean than this are hot, in median standard deviations: noise reaches 6, gold beads 30. */
const HOT_PIXEL = 100;
/** A hot pixel is also so many times further than the farthest pixels of other images: images without noise can be peaked. */
const HOT_RATIO = 10;

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

/** What the images of one set have in common. */
export class ImageScreen {
  private readonly deviation: number;
  private readonly farthest: number;

  /** @param sample  statistics of some images of the set */
  constructor(sample: readonly ImageStatistics[]) {
    const varied = sample.filter((image) => !isConstant(image));
    this.deviation = median(varied.map(({ standardDeviation }) => standardDeviation));
    this.farthest = median(varied.map(({ farthest }) => farthest));
  }

  /** Why an image is not like the others; undefined for one that is. */
  judge(image: ImageStatistics): string | undefined {
    const { mean, standardDeviation, farthest } = image;
    if (isConstant(image)) return `all its pixels are ${Number(mean.toPrecision(4))}`;
    const scale = standardDeviation / this.deviation;
    if (scale > MOST_SCALE) return `its standard deviation is ${inWords(scale)} times the median`;
    if (scale < 1 / MOST_SCALE) return `its standard deviation is 1/${inWords(1 / scale)} of the median`;
    const distance = farthest / this.deviation;
    if (distance > HOT_PIXEL && farthest > HOT_RATIO * this.farthest) {
      return `a pixel is ${inWords(distance)} standard deviations from its mean`;
    }
    return undefined;
  }
}

/** Rounding leaves a little of a deviation where all pixels are equal. */
function isConstant({ mean, standardDeviation, farthest }: ImageStatistics): boolean {
  return farthest === 0 || standardDeviation <= 1e-7 * Math.abs(mean);
}

/** The lower one of the middle two, so that of two images the brighter one is the outlier. NaN for none. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.NaN;
}

function inWords(value: number): string {
  return value < 1e4 ? value.toFixed(0) : value.toExponential(1).replace("e+", "e");
}

/** Images that are named one by one. */
const MOST_NAMED = 10;

/**
 * What was left out, in a sentence.
 * @param among  number of images that were to be used
 * @param rowOf  row in the file, counted from 0, of a particle
 */
export function describeLeftOut(
  leftOut: readonly LeftOutImage[],
  among: number,
  rowOf: (index: number) => number = (index) => index,
): string {
  const named = leftOut.slice(0, MOST_NAMED).map(({ index, reason }) => `row ${rowOf(index) + 1}: ${reason}`);
  if (leftOut.length > MOST_NAMED) named.push(`${leftOut.length - MOST_NAMED} more`);
  const are = leftOut.length === 1 ? "is" : "are";
  return `${leftOut.length} of ${among} images ${are} unlike the others and left out (${named.join("; ")})`;
}
