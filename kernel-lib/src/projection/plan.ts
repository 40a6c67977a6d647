import type { ModelsAndPoses } from "./batch";

/**
 * How the WebAssembly engine computes a batch: by separable factors, or by spreading on a grid and a fast Fourier
 * transform. Both give the same numbers; what is faster depends on N, on the rings, and on the widths of the Gaussians.
 */
export type Plan =
  | { method: "separable" }
  | {
      method: "spread";
      /** M, edge of the grid. */
      grid: number;
      /**
       * Variance added to every σ² on the grid, in px² of the training box; the transform divides it out again. Mostly it is
       * negative: what all Gaussians have in common is left out, so that they cover fewer cells and the outer rings,
       * where little is left of wide Gaussians, do not drown in the rounding of float32.
       */
      extra: number;
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
 * How far the envelope may fall on the grid towards the outermost ring, as a natural logarithm: beyond it the rounding of the float32
 * grid shows there (FRC wrong by 4e-5 at 7.8, by 4e-4 at 9.7). Separable factors have no such limit.
 */
const DEEPEST = 7.5;

/** Grids: multiples of 8 whose only factors are 2 and 3. */
const grids: readonly number[] = [
  16, 24, 32, 48, 64, 72, 96, 128, 144, 192, 216, 256, 288, 384, 432, 512, 576, 768, 864, 1024,
];

/** Widths of the Gaussians of a batch, in pixels. Those of amplitude 0 count for the largest only. */
export interface Widths {
  smallest: number;
  /** Root of the mean square. */
  typical: number;
  largest: number;
  /** The width whose envelope falls as the power of all together does towards the outermost ring. */
  effective: number;
}

/** At most so many Gaussians are looked at for the effective width. */
const SAMPLE = 2048;

export function widths(batch: ModelsAndPoses, boxSize: number, rings: number): Widths {
  const n = batch.gaussians;
  const sets = batch.model.length / (5 * n);
  const stride = Math.max(1, Math.floor((sets * n) / SAMPLE));
  const fall = (4 * Math.PI ** 2 * rings ** 2) / boxSize ** 2;
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  let squares = 0;
  let seen = 0;
  let inside = 0;
  let outside = 0;
  for (let set = 0; set < sets; set++) {
    const amplitudes = (5 * set + 3) * n;
    const sigmas = amplitudes + n;
    for (let i = 0; i < n; i++) {
      const amplitude = batch.model[amplitudes + i]!;
      const sigma = Math.abs(batch.model[sigmas + i]!);
      if (sigma > largest) largest = sigma;
      if (amplitude === 0) continue;
      if (sigma < smallest) smallest = sigma;
      squares += sigma * sigma;
      seen++;
      if (seen % stride !== 0) continue;
      const power = (amplitude * sigma ** 3) ** 2;
      inside += power;
      outside += power * Math.exp(-fall * sigma * sigma);
    }
  }
  return {
    smallest,
    typical: Math.sqrt(squares / Math.max(1, seen)),
    largest,
    effective: Math.sqrt(Math.log(inside / outside) / fall),
  };
}

/** The cheapest plan, by a model of the cost in cycles fitted to measured times (see BENCHMARKS.md). */
export function choosePlan(gaussians: number, boxSize: number, rings: number, sigma: Widths): Plan {
  let best: Plan = { method: "separable" };
  let cost = separableCost(gaussians, rings);
  for (const grid of grids) {
    const plan = spreadPlan(grid, boxSize, rings, sigma);
    if (!plan) continue;
    const scale = grid / boxSize;
    const cells = 2 * plan.radius * scale * Math.sqrt(sigma.typical ** 2 + plan.extra) + 2;
    const spreadCost = gaussians * (245 + 1.14 * cells * cells) + 2.8 * grid * grid;
    if (spreadCost < cost) {
      cost = spreadCost;
      best = plan;
    }
  }
  return best;
}

function separableCost(gaussians: number, rings: number): number {
  return gaussians * (rings + 1) * (61 + 1.7 * (rings + 1));
}

/** The plan for a grid of M², or undefined where that grid will not do. */
export function spreadPlan(
  grid: number,
  boxSize: number,
  rings: number,
  sigma: Widths,
): (Plan & { method: "spread" }) | undefined {
  if (grid < 2 * rings + 6 || !(sigma.smallest > 0)) return undefined;
  // The alias of ring K is at M − K. Its envelope has to be below that of ring K by the tolerance.
  const perVariance = (2 * Math.PI ** 2) / boxSize ** 2;
  const needed = -Math.log(TOLERANCE) / (perVariance * ((grid - rings) ** 2 - rings ** 2));
  const extra = needed - sigma.smallest ** 2;
  const fallTo = (variance: number) => perVariance * rings ** 2 * (variance + extra);
  // A NaN, from widths that are none, must not pass.
  if (!(fallTo(sigma.effective ** 2) <= DEEPEST)) return undefined;
  const radius = Math.sqrt(2 * (fallTo(sigma.smallest ** 2) - Math.log(TOLERANCE)));
  const scale = grid / boxSize;
  const widest = 2 * radius * scale * Math.sqrt(sigma.largest ** 2 + extra) + 2;
  const margin = 4 * Math.ceil((widest + 3) / 4);
  return margin <= grid ? { method: "spread", grid, extra, radius, margin } : undefined;
}

/** What the WebAssembly module reads of a plan: see `plan` in assembly/job.ts. */
export function planTable(plan: Plan & { method: "spread" }, boxSize: number, rings: number): Float32Array {
  const table = new Float32Array(rings + 3);
  table[0] = plan.extra;
  table[1] = plan.radius;
  for (let k = 0; k <= rings; k++) {
    table[k + 2] = Math.exp((2 * Math.PI ** 2 * plan.extra * k * k) / boxSize ** 2);
  }
  return table;
}

const knownTwiddles = new Map<number, Float32Array>();

/** cos and −sin of 2πj/M, interleaved (cached). */
export function twiddles(grid: number): Float32Array {
  const cached = knownTwiddles.get(grid);
  if (cached) return cached;
  const table = new Float32Array(2 * grid);
  for (let j = 0; j < grid; j++) {
    table[2 * j] = Math.cos((2 * Math.PI * j) / grid);
    table[2 * j + 1] = -Math.sin((2 * Math.PI * j) / grid);
  }
  knownTwiddles.set(grid, table);
  return table;
}
