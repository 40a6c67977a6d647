import { InputError } from "../errors";
import type { TaskOptions } from "../progress";
import { Random } from "../random";
import { NeighbourInterpolation } from "./interpolation";
import { Pacing } from "./pacing";
import { checkIntegers, countPoints, gatherPoints, type PointSet, sampleRows } from "./points";
import { fitCurve } from "./umapCurve";
import { neighbourGraph } from "./umapGraph";
import { centreLayout, initialLayout, optimizeLayout } from "./umapLayout";

/** Options of {@link umap}. */
export interface UmapOptions extends TaskOptions {
  /** Dimensions of the map. Default 2. */
  components?: 2 | 3;
  /** Nearest neighbours of each point, itself included. Few show detail, many the global structure. Default 15. */
  neighbours?: number;
  /** Smallest distance of points in the map, above 0 and below 1. Small values give tight clusters. Default 0.1. */
  minDistance?: number;
  /** Optimization epochs. Default 200; more change little. */
  epochs?: number;
  /** Most points that are embedded, a random sample of them if there are more; the others are interpolated. Default 10,000. */
  maxPoints?: number;
  /** Seed; the same seed gives the same map. Default 1. */
  seed?: number;
}

/** A map in two or three dimensions that preserves neighbourhoods. */
export interface Umap {
  /** Dimensions of the map. */
  components: 2 | 3;
  /** Coordinates of the points, centred on 0, [n · components]. */
  points: Float32Array;
  /** Rows that were embedded rather than interpolated, ascending. */
  mapped: Uint32Array;
}

/** Points processed between two looks at the clock. */
const chunk = 256;

/**
 * UMAP (McInnes, Healy and Melville, 2018): a map in which attraction between neighbours, weighted by distance, and
 * repulsion between all points are in balance. It is initialized by the principal components, which preserves the global
 * arrangement (Kobak and Linderman, 2021).
 *
 * @param points [n · dimensions]
 * @throws InputError for fewer than three points, coordinates that are not finite, and options out of their range
 * @throws StoppedError if aborted
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * const { refined } = await run.latents();
 * const { points } = await e2.latent.umap(refined, run.latent, { epochs: 50 });
 * ```
 */
export async function umap(
  points: Float32Array,
  dimensions: number,
  options: UmapOptions = {},
): Promise<Umap> {
  const n = countPoints(points, dimensions, 3);
  const { components, neighbours, minDistance, epochs, maxPoints, seed } = checkedOptions(options);
  const pacing = new Pacing(options);
  const rows = sampleRows(n, Math.max(maxPoints, 3), seed);
  const m = rows.length;
  const sample = { points: m < n ? gatherPoints(points, dimensions, rows) : points, dimensions };
  const random = new Random(seed);
  const graph = await neighbourGraph(sample, Math.min(neighbours, m), pacing);
  await pacing.yield();
  const layout = initialLayout(sample, components, random);
  await optimizeLayout(layout, graph, { curve: fitCurve(minDistance), epochs, random }, pacing);
  centreLayout(layout);
  const embedded = { points: Float32Array.from(layout.points), dimensions: components };
  if (m === n) return { components, points: embedded.points, mapped: rows };
  const interpolation = new NeighbourInterpolation(sample, embedded);
  const all = await interpolateOthers({ points, dimensions }, { rows, embedded }, interpolation, pacing);
  return { components, points: all, mapped: rows };
}

function checkedOptions(options: UmapOptions): Required<Omit<UmapOptions, keyof TaskOptions>> {
  const { components = 2, neighbours = 15, minDistance = 0.1 } = options;
  const { epochs = 200, maxPoints = 10_000, seed = 1 } = options;
  if (components !== 2 && components !== 3) throw new InputError("components", "2 or 3", String(components));
  checkIntegers({ neighbours }, 3);
  checkIntegers({ maxPoints, epochs }, 1);
  if (!(minDistance > 0 && minDistance < 1)) {
    throw new InputError("minDistance", "a number above 0 and below 1", String(minDistance));
  }
  return { components, neighbours, minDistance, epochs, maxPoints, seed };
}

/** Coordinates of all points in the map: of the sample as embedded, of the others interpolated. */
async function interpolateOthers(
  { points, dimensions }: PointSet,
  { rows, embedded }: { rows: Uint32Array; embedded: PointSet },
  interpolation: NeighbourInterpolation,
  pacing: Pacing,
): Promise<Float32Array> {
  const n = points.length / dimensions;
  const components = embedded.dimensions;
  const all = new Float32Array(n * components);
  let next = 0;
  for (let i = 0; i < n; i++) {
    if (rows[next] === i) {
      all.set(embedded.points.subarray(next * components, (next + 1) * components), i * components);
      next++;
    } else {
      interpolation.map(points, i * dimensions, all, i * components);
    }
    if (i % chunk === 0 && pacing.due) {
      pacing.report("UMAP: further points", i, n);
      await pacing.yield();
    }
  }
  return all;
}
