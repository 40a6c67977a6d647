import { binCount, type Widths } from "./widths";

/** What a plan depends on. */
export interface PlanInput {
  /** N, the number of Gaussians. */
  gaussians: number;
  /** S in pixels. */
  boxSize: number;
  /** The outermost ring. */
  rings: number;
  /** Widths of the Gaussians. */
  widths: Widths;
}

/** Gaussians of similar widths, which share a grid. Variances are in px² of the training box. */
export interface WidthClass {
  /** The smallest variance of a member; Gaussians from the next class's `from` on belong to the next one. */
  from: number;
  /**
   * Variance added to every member on the grid and divided out again by the transform. Mostly it is negative: members are
   * narrowed by what they have in common, so that they cover few cells, and the factor that the transform multiplies in
   * again reduces the rounding errors of float32.
   */
  extra: number;
}

/** Spreading on a grid with fast Fourier transforms. */
export interface SpreadPlan {
  /** See assembly/spread.ts. */
  method: "spread";
  /** M, the grid has M² cells. */
  grid: number;
  /** Narrowest first. */
  classes: WidthClass[];
  /** Radius of a Gaussian on the grid, in its standard deviations. */
  radius: number;
  /** Cells that the widest Gaussian covers, a multiple of 4. */
  margin: number;
}

/**
 * Largest error of a Fourier sample from aliasing and from truncating Gaussians, relative to its Gaussian's part. Such
 * errors of many Gaussians average out; with 2e-4 the FRC is right to 1e-5.
 */
const tolerance = 2e-4;
/**
 * How far values on the grid may fall towards the outermost ring, as a natural logarithm. Beyond it the rounding errors of
 * the float32 grid show there: with 600 Gaussians of one width, the gradient is 0.7 % too long at 6.5, and the FRC wrong
 * by 2e-4 at 7.4. Separable factors have no such limit.
 */
const maxFall = 5;

/** Upper limit of classes. */
const maxClasses = 3;
/** Quantiles of the widths at which a class may start. */
const quantiles = 8;

/**
 * Cost of a class in cycles without its Gaussians: its transforms, and cache misses of further classes, so that widths
 * that differ little stay in one class.
 */
export function transformCost(grid: number, rings: number): number {
  return 16 * grid * grid + 28 * rings * rings;
}

/** For each set of Gaussians, the power of rounding errors that its outermost ring tolerates. */
export function roomForRounding({ widths, boxSize, rings }: PlanInput): Float64Array {
  const { count, variance, power } = widths;
  const fall = (2 * Math.PI ** 2 * rings ** 2) / boxSize ** 2;
  const envelope = Float64Array.from({ length: binCount }, (_, bin) => {
    const members = count[bin + 1]! - count[bin]!;
    const mean = members > 0 ? (variance[bin + 1]! - variance[bin]!) / members : 0;
    return Math.exp(2 * (maxFall - fall * mean));
  });
  return Float64Array.from(power, (own) => {
    let sum = 0;
    for (let bin = 0; bin < binCount; bin++) sum += (own[bin + 1]! - own[bin]!) * envelope[bin]!;
    return sum;
  });
}

/**
 * The cheapest classes for a grid of M² cells; undefined if the grid is not suitable.
 * @param room see {@link roomForRounding}
 */
export function cheapestSpread(
  grid: number,
  input: PlanInput,
  room = roomForRounding(input),
): { plan: SpreadPlan; cost: number } | undefined {
  const { smallest, largest, count } = input.widths;
  if (grid < 2 * input.rings + 6 || count[binCount] === 0) return undefined;
  if (!(smallest > 0) || !(largest < Number.POSITIVE_INFINITY)) return undefined;
  const kernel = kernelOf(grid, input);
  const search = new ClassSearch(grid, input, kernel, room);
  const best = search.cheapest();
  if (!best) return undefined;
  const classes = best.starts.map((start) => {
    // In single precision, as the module compares: no member may be narrower than what its class is narrowed by.
    const from = Math.fround(search.places[start]!.from);
    return { from, extra: kernel.needed - from };
  });
  const widest = Math.max(
    ...classes.map(({ extra }, c) => cellsOf(kernel, (classes[c + 1]?.from ?? largest) + extra)),
  );
  const margin = 4 * Math.ceil((widest + 3) / 4);
  if (!(margin <= grid)) return undefined;
  return { plan: { method: "spread", grid, classes, radius: kernel.radius, margin }, cost: best.cost };
}

/** How Gaussians are represented on a grid. */
interface Kernel {
  /** The smallest variance on the grid, in px². */
  needed: number;
  /** The fall towards the outermost ring per px² of variance, as a natural logarithm. */
  fall: number;
  /** In standard deviations. */
  radius: number;
  /** Cells per pixel. */
  scale: number;
}

function kernelOf(grid: number, { boxSize, rings }: PlanInput): Kernel {
  // The alias of ring K is at M − K. Its envelope has to be below that of ring K by the tolerance.
  const perVariance = (2 * Math.PI ** 2) / boxSize ** 2;
  const needed = -Math.log(tolerance) / (perVariance * ((grid - rings) ** 2 - rings ** 2));
  const fall = perVariance * rings ** 2;
  const radius = Math.sqrt(2 * (fall * needed - Math.log(tolerance)));
  return { needed, fall, radius, scale: grid / boxSize };
}

/** Cells along an edge that a Gaussian of this variance covers. */
function cellsOf({ radius, scale }: Kernel, variance: number): number {
  return 2 * radius * scale * Math.sqrt(variance) + 2;
}

/** Where a class may start: a bin of the widths, and its smallest variance. */
interface Place {
  bin: number;
  from: number;
}

/** Class starts as indices of places, and the cost in cycles. */
interface Division {
  starts: number[];
  cost: number;
}

/** Searches all divisions of the widths into few classes. */
class ClassSearch {
  /** Where classes may start. */
  readonly places: readonly Place[];
  private best: Division | undefined;

  constructor(
    private readonly grid: number,
    private readonly input: PlanInput,
    private readonly kernel: Kernel,
    private readonly room: Float64Array,
  ) {
    this.places = placesOf(input.widths, kernel);
  }

  /** The cheapest division whose rounding errors are tolerable. */
  cheapest(): Division | undefined {
    this.extend({ starts: [0], cost: 0 });
    return this.best;
  }

  /** Tries all ends of the last class. */
  private extend({ starts, cost }: Division): void {
    const { places } = this;
    const first = starts[starts.length - 1]!;
    for (let last = first + 1; last <= places.length; last++) {
      const isComplete = last === places.length;
      if (!isComplete && starts.length === maxClasses) continue;
      const sum = cost + this.classCost(first, last);
      if (this.best && sum >= this.best.cost) continue;
      if (!isComplete) this.extend({ starts: [...starts, last], cost: sum });
      else if (this.isPrecise(starts)) this.best = { starts, cost: sum };
    }
  }

  /** The bin at which the class before place `last` ends. */
  private endBin(last: number): number {
    return this.places[last]?.bin ?? binCount;
  }

  private classCost(first: number, last: number): number {
    const { widths, gaussians, rings } = this.input;
    const { count, variance } = widths;
    const { bin, from } = this.places[first]!;
    const members = count[this.endBin(last)]! - count[bin]!;
    const mean = members > 0 ? (variance[this.endBin(last)]! - variance[bin]!) / members : from;
    const cells = cellsOf(this.kernel, Math.max(0, mean - from) + this.kernel.needed);
    return (
      (gaussians * members * (245 + 1.14 * cells * cells)) / count[binCount]! +
      transformCost(this.grid, rings)
    );
  }

  /** Whether the rounding errors of these classes are tolerable in every set. */
  private isPrecise(starts: readonly number[]): boolean {
    const { kernel, places, room } = this;
    const factors = starts.map((start) => Math.exp(2 * kernel.fall * (kernel.needed - places[start]!.from)));
    return this.input.widths.power.every((own, set) => {
      let rounding = 0;
      for (const [c, start] of starts.entries()) {
        const last = starts[c + 1] ?? places.length;
        rounding += (own[this.endBin(last)]! - own[places[start]!.bin]!) * factors[c]!;
      }
      return rounding <= room[set]!;
    });
  }
}

/** Classes may start after the widths that one, and two, classes may span, and at quantiles of the Gaussians. */
function placesOf({ smallest, largest, count }: Widths, { needed, fall }: Kernel): Place[] {
  const all = count[binCount]!;
  const span = ((maxFall / fall - needed) / (largest - smallest)) * binCount;
  const spans = [Math.floor(span), Math.floor(2 * span)];
  const places: Place[] = [{ bin: 0, from: smallest }];
  for (let bin = 1, k = 1; bin < binCount; bin++) {
    if (count[bin] === all) break;
    if (count[bin]! < (k * all) / quantiles && !spans.includes(bin)) continue;
    places.push({ bin, from: smallest + ((largest - smallest) * bin) / binCount });
    while (count[bin]! >= (k * all) / quantiles) k++;
  }
  return places;
}
