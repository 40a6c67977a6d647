import type { ModelsAndPoses } from "./batch";

/** Gaussians of some widths, which share a grid. Variances are in px² of the training box. */
export interface WidthClass {
  /** The smallest variance of a member; those from the next class's on are in the next one. */
  from: number;
  /**
   * Variance added to that of every member on the grid; the transform divides it out again. Mostly it is negative: what the
   * members have in common is left out, so that they cover few cells, and what the transform multiplies in again takes the rounding
   * of float32 down with it.
   */
  extra: number;
}

/**
 * How the WebAssembly engine computes a batch: by separable factors, or by spreading on a grid and a fast Fourier
 * transform for each class of widths. Both give the same numbers; what is faster depends on N, on the rings, and on the widths of
 * the Gaussians.
 */
export type Plan =
  | { method: "separable" }
  | {
      method: "spread";
      /** M, edge of the grid. */
      grid: number;
      /** Narrowest first. */
      classes: WidthClass[];
      /** Radius of a Gaussian on the grid in its standard deviations. */
      radius: number;
      /** Cells that the widest Gaussian covers, a multiple of 4. */
      margin: number;
    };

/**
 * Largest error of a Fourier sample from aliasing and from cutting Gaussians off, relative to its Gaussian's part. Such
 * errors of many Gaussians are unlike each other; with 2e-4 the FRC is right to 1e-5.
 */
const TOLERANCE = 2e-4;
/**
 * How far what is on the grid may fall towards the outermost ring, as a natural logarithm: beyond it the rounding of the float32
 * grid shows there (of 600 Gaussians, all equally wide, the gradient is 0.7 % too long at 6.5, and the FRC wrong by 2e-4 at 7.4).
 * Separable factors have no such limit.
 */
const DEEPEST = 5;

/** Grids: multiples of 8 whose only factors are 2 and 3. */
const grids: readonly number[] = [
  16, 24, 32, 48, 64, 72, 96, 128, 144, 192, 216, 256, 288, 384, 432, 512, 576, 768, 864, 1024,
];

/**
 * Widths of the Gaussians of a batch: the smallest and largest variance, in px², of all of them, and of a sample how many lie in each
 * of {@link BINS} equal steps between these.
 */
export interface Widths {
  smallest: number;
  largest: number;
  /** For the first 0, 1, … steps: members, and the sum of their variance. */
  count: Float64Array;
  variance: Float64Array;
  /**
   * The same for the square of their part at the transform's origin, one row for each set of Gaussians: a particle's outer rings
   * have to be right whatever the others of its batch look like.
   */
  power: Float64Array[];
}

const BINS = 64;
/** About so many Gaussians are looked at for their distribution, but not fewer of a set than this. */
const SAMPLE = 4096;
const SAMPLE_OF_SET = 128;

export function widths(batch: ModelsAndPoses): Widths {
  const n = batch.gaussians;
  const { model } = batch;
  const sets = model.length / (5 * n);
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let set = 0; set < sets; set++) {
    const sigmas = (5 * set + 4) * n;
    for (let i = sigmas; i < sigmas + n; i++) {
      const sigma = model[i]!;
      const variance = sigma * sigma;
      if (variance < smallest) smallest = variance;
      // A NaN, which is no width, has to be seen, and stay.
      if (!(variance <= largest) && !Number.isNaN(largest)) largest = variance;
    }
  }
  const count = new Float64Array(BINS + 1);
  const variance = new Float64Array(BINS + 1);
  const perBin = largest > smallest ? BINS / (largest - smallest) : 0;
  const stride = Math.max(1, Math.floor(n / Math.max(SAMPLE_OF_SET, SAMPLE / sets)));
  const power = Array.from({ length: sets }, (_, set) => {
    const own = new Float64Array(BINS + 1);
    for (let k = 0; k < n; k += stride) {
      const at = (5 * set + 3) * n + k;
      const square = model[at + n]! ** 2;
      const bin = 1 + Math.min(BINS - 1, Math.floor((square - smallest) * perBin));
      count[bin]!++;
      variance[bin]! += square;
      own[bin]! += model[at]! ** 2 * square ** 3;
    }
    for (let bin = 1; bin <= BINS; bin++) own[bin]! += own[bin - 1]!;
    return own;
  });
  for (let bin = 1; bin <= BINS; bin++) {
    count[bin]! += count[bin - 1]!;
    variance[bin]! += variance[bin - 1]!;
  }
  return { smallest, largest, count, variance, power };
}

/** The cheapest plan, by a model of the cost in cycles fitted to measured times (see BENCHMARKS.md). */
export function choosePlan(gaussians: number, boxSize: number, rings: number, sigma: Widths): Plan {
  let best: Plan = { method: "separable" };
  let cost = separableCost(gaussians, rings);
  const room = roomForRounding(sigma, boxSize, rings);
  for (const grid of grids) {
    // Transforms alone cost more from here on.
    if (perClass(grid, rings) > cost) break;
    const found = cheapestSpread(grid, gaussians, boxSize, rings, sigma, room);
    if (found && found.cost < cost) [cost, best] = [found.cost, found.plan];
  }
  return best;
}

/**
 * What a class costs beside its Gaussians: its transforms, and what more classes than one cost in the cache, by which widths that differ
 * little are left together.
 */
function perClass(grid: number, rings: number): number {
  return 16 * grid * grid + 28 * rings * rings;
}

function separableCost(gaussians: number, rings: number): number {
  return gaussians * (rings + 1) * (61 + 1.7 * (rings + 1));
}

/** Classes that are made at most, and places in the order of widths where one may begin. */
const MOST_CLASSES = 3;
const PLACES = 8;

/** What the Gaussians of each set show together at the outermost ring, as the rounding of its classes may be heard there. */
function roomForRounding({ count, variance, power }: Widths, boxSize: number, rings: number): Float64Array {
  const fall = (2 * Math.PI ** 2 * rings ** 2) / boxSize ** 2;
  const envelope = Float64Array.from({ length: BINS }, (_, bin) => {
    const members = count[bin + 1]! - count[bin]!;
    const mean = members > 0 ? (variance[bin + 1]! - variance[bin]!) / members : 0;
    return Math.exp(2 * (DEEPEST - fall * mean));
  });
  return Float64Array.from(power, (own) => {
    let sum = 0;
    for (let bin = 0; bin < BINS; bin++) sum += (own[bin + 1]! - own[bin]!) * envelope[bin]!;
    return sum;
  });
}

/** The cheapest classes for a grid of M², or undefined where that grid will not do. */
export function cheapestSpread(
  grid: number,
  gaussians: number,
  boxSize: number,
  rings: number,
  sigma: Widths,
  room = roomForRounding(sigma, boxSize, rings),
): { plan: Plan & { method: "spread" }; cost: number } | undefined {
  const { smallest, largest, count, variance, power } = sigma;
  const all = count[BINS]!;
  if (grid < 2 * rings + 6 || !(smallest > 0) || !(largest < Number.POSITIVE_INFINITY) || all === 0) {
    return undefined;
  }
  // The alias of ring K is at M − K. Its envelope has to be below that of ring K by the tolerance.
  const perVariance = (2 * Math.PI ** 2) / boxSize ** 2;
  const needed = -Math.log(TOLERANCE) / (perVariance * ((grid - rings) ** 2 - rings ** 2));
  const fall = perVariance * rings ** 2;
  const radius = Math.sqrt(2 * (fall * needed - Math.log(TOLERANCE)));
  const scale = grid / boxSize;
  const cells = (spread: number) => 2 * radius * scale * Math.sqrt(spread) + 2;

  // Where classes may well end: after what the narrowest and one more may span, and after eighths of the Gaussians.
  const span = ((DEEPEST / fall - needed) / (largest - smallest)) * BINS;
  const spans = [Math.floor(span), Math.floor(2 * span)];
  const places: { bin: number; from: number }[] = [{ bin: 0, from: smallest }];
  for (let bin = 1, k = 1; bin < BINS; bin++) {
    if (count[bin] === all) break;
    if (count[bin]! < (k * all) / PLACES && !spans.includes(bin)) continue;
    places.push({ bin, from: smallest + ((largest - smallest) * bin) / BINS });
    while (count[bin]! >= (k * all) / PLACES) k++;
  }
  const end = (last: number) => places[last]?.bin ?? BINS;
  const costs = (first: number, last: number) => {
    const { bin, from } = places[first]!;
    const members = count[end(last)]! - count[bin]!;
    const mean = members > 0 ? (variance[end(last)]! - variance[bin]!) / members : from;
    const width = cells(Math.max(0, mean - from) + needed);
    return (gaussians * members * (245 + 1.14 * width * width)) / all + perClass(grid, rings);
  };
  /** Whether the rounding of these classes is lost in what is seen, in every set. */
  const isQuiet = (begins: readonly number[]) => {
    const factors = begins.map((begin) => Math.exp(2 * fall * (needed - places[begin]!.from)));
    return power.every((own, set) => {
      let heard = 0;
      for (const [c, begin] of begins.entries()) {
        const last = begins[c + 1] ?? places.length;
        heard += (own[end(last)]! - own[places[begin]!.bin]!) * factors[c]!;
      }
      return heard <= room[set]!;
    });
  };

  let best: { begins: number[]; cost: number } | undefined;
  const divide = (begins: number[], cost: number) => {
    const first = begins[begins.length - 1]!;
    for (let last = first + 1; last <= places.length; last++) {
      const whole = last === places.length;
      if (!whole && begins.length === MOST_CLASSES) continue;
      const sum = cost + costs(first, last);
      if (best && sum >= best.cost) continue;
      if (!whole) divide([...begins, last], sum);
      else if (isQuiet(begins)) best = { begins, cost: sum };
    }
  };
  divide([0], 0);
  if (!best) return undefined;
  const classes = best.begins.map((begin) => {
    // As the module sees it, in single precision: nobody may fall below what the class was narrowed by.
    const from = Math.fround(places[begin]!.from);
    return { from, extra: needed - from };
  });
  const widest = Math.max(
    ...classes.map(({ extra }, c) => cells((classes[c + 1]?.from ?? sigma.largest) + extra)),
  );
  const margin = 4 * Math.ceil((widest + 3) / 4);
  if (!(margin <= grid)) return undefined;
  return { plan: { method: "spread", grid, classes, radius, margin }, cost: best.cost };
}

/** What the WebAssembly module reads of a plan: see `plan` in assembly/job.ts. */
export function planTable(plan: Plan & { method: "spread" }, boxSize: number, rings: number): Float32Array {
  const each = rings + 3;
  const table = new Float32Array(1 + plan.classes.length * each);
  table[0] = plan.radius;
  for (const [c, { from, extra }] of plan.classes.entries()) {
    const at = 1 + c * each;
    table[at] = from;
    table[at + 1] = extra;
    for (let k = 0; k <= rings; k++) {
      table[at + 2 + k] = Math.exp((2 * Math.PI ** 2 * extra * k * k) / boxSize ** 2);
    }
  }
  return table;
}
