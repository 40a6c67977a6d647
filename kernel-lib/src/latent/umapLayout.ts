import type { Random } from "../random";
import type { Pacing } from "./pacing";
import { pca, pcaTransform } from "./pca";
import { type PointSet, squaredDistance } from "./points";
import type { UmapCurve } from "./umapCurve";
import type { NeighbourGraph } from "./umapGraph";

/** Places of the points in the map. */
export type Layout = PointSet<Float64Array>;

/** How {@link optimizeLayout} runs. */
export interface LayoutOptions {
  curve: UmapCurve;
  epochs: number;
  random: Random;
}

/** Moves between two looks at the clock. */
const chunk = 256;
/** Negative samples per edge: repulsions for each attraction. */
const negativeSamples = 5;
/** Largest move of a coordinate before the learning rate. */
const maxMove = 4;

/** The first principal components, scaled to at most 10, with a little noise that separates coincident points. */
export function initialLayout(set: PointSet, components: number, random: Random): Layout {
  const { points, dimensions } = set;
  const used = Math.min(components, dimensions);
  const scores = pcaTransform(pca(points, dimensions), points, used);
  const largest = scores.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  const layout = new Float64Array((points.length / dimensions) * components);
  for (let i = 0; i < layout.length; i++) {
    const d = i % components;
    const score = d < used ? scores[Math.floor(i / components) * used + d]! : 0;
    layout[i] = (10 * score) / largest + 1e-3 * random.normal();
  }
  return { points: layout, dimensions: components };
}

/**
 * Stochastic gradient descent of the cross entropy: moves points towards their neighbours, each as often as its weight
 * says, and away from randomly drawn others.
 */
export async function optimizeLayout(
  layout: Layout,
  graph: NeighbourGraph,
  { curve, epochs, random }: LayoutOptions,
  pacing: Pacing,
): Promise<void> {
  const { start, to, weight } = graph;
  const n = start.length - 1;
  const heaviest = weight.reduce((most, w) => Math.max(most, w), 0);
  /** Epochs between two updates of each edge, and the epoch of the next one. */
  const interval = weight.map((w) => heaviest / w);
  const due = interval.slice();
  const forces = new Forces(layout, curve);
  let steps = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const rate = 1 - (epoch - 1) / epochs;
    for (let i = 0; i < n; i++) {
      for (let edge = start[i]!; edge < start[i + 1]!; edge++) {
        if (due[edge]! > epoch) continue;
        due[edge]! += interval[edge]!;
        forces.attract(i, to[edge]!, rate);
        for (let r = 0; r < negativeSamples; r++) forces.repel(i, random.integer(n), rate);
        if (++steps % chunk === 0 && pacing.due) {
          pacing.report("UMAP", epoch - 1, epochs);
          await pacing.yield();
        }
      }
    }
  }
  pacing.report("UMAP", epochs, epochs);
}

/** Moves pairs of points of a layout. */
class Forces {
  private readonly attraction: ForceTable;
  private readonly repulsion: ForceTable;

  constructor(
    private readonly layout: Layout,
    { a, b }: UmapCurve,
  ) {
    this.attraction = new ForceTable((s) => (-2 * a * b * s ** b) / (s * (1 + a * s ** b)));
    this.repulsion = new ForceTable((s) => (2 * b) / ((1e-3 + s) * (1 + a * s ** b)));
  }

  /** Moves two neighbours towards each other. */
  attract(i: number, j: number, rate: number): void {
    const { points, dimensions } = this.layout;
    const squared = squaredDistance(this.layout, i, this.layout, j);
    if (squared === 0) return;
    const factor = this.attraction.at(squared);
    for (let d = 0, p = i * dimensions, q = j * dimensions; d < dimensions; d++, p++, q++) {
      const move = rate * clipped(factor * (points[p]! - points[q]!));
      points[p]! += move;
      points[q]! -= move;
    }
  }

  /** Moves point i away from point j. */
  repel(i: number, j: number, rate: number): void {
    const { points, dimensions } = this.layout;
    const squared = squaredDistance(this.layout, i, this.layout, j);
    if (squared === 0) return;
    const factor = this.repulsion.at(squared);
    for (let d = 0, p = i * dimensions, q = j * dimensions; d < dimensions; d++, p++, q++) {
      points[p]! += rate * clipped(factor * (points[p]! - points[q]!));
    }
  }
}

function clipped(x: number): number {
  return x > maxMove ? maxMove : x < -maxMove ? -maxMove : x;
}

/** Distance up to which forces are tabulated, and entries per unit. */
const tableRange = 40;
const entriesPerUnit = 256;

/** A force as a function of squared distance, tabulated over distance because powers are slow. */
class ForceTable {
  private readonly values: Float64Array;

  constructor(private readonly force: (squared: number) => number) {
    this.values = Float64Array.from({ length: tableRange * entriesPerUnit + 2 }, (_, i) =>
      // Attraction has a pole at 0, where moves are clipped anyway.
      force((Math.max(i, 0.5) / entriesPerUnit) ** 2),
    );
  }

  at(squared: number): number {
    const index = Math.sqrt(squared) * entriesPerUnit;
    if (index >= tableRange * entriesPerUnit) return this.force(squared);
    const i = Math.floor(index);
    const below = this.values[i]!;
    return below + (index - i) * (this.values[i + 1]! - below);
  }
}

/** Shifts the mean of all points to 0. */
export function centreLayout({ points, dimensions }: Layout): void {
  const n = points.length / dimensions;
  for (let d = 0; d < dimensions; d++) {
    let mean = 0;
    for (let i = d; i < points.length; i += dimensions) mean += points[i]! / n;
    for (let i = d; i < points.length; i += dimensions) points[i]! -= mean;
  }
}
