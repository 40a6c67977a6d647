import { InputError } from "../errors";
import type { Axis } from "../maps/sections";
import { boxLengthOf, type GaussianModel, Row } from "../model/gaussianModel";
import { displacements } from "../model/rigidMotion";
import { checkNumbers, shortNumber } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { numberScheme } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

/** Options of a motion figure. */
export interface MotionFigureOptions extends FigureOptions {
  /** Viewing axis. Default that of {@link clearestAxis}. */
  axis?: Axis;
  /** Length of the arrows, relative to the motion. Default 1. */
  scale?: number;
  /** Å of displacement in 3-D below which a Gaussian has no arrow. Default a tenth of the largest displacement. */
  minDisplacement?: number;
}

/** The figure is divided into cells of which each has at most one arrow: this many along each axis. */
const cells = 28;

const component = { x: 0, y: 1, z: 2 } as const;
const shownAxes = { x: ["y", "z"], y: ["x", "z"], z: ["x", "y"] } as const;

/**
 * The viewing axis along which most of a motion and of the molecule can be seen: the one with the largest product of mean
 * square displacement and mean square distance from the centre, both in the plane of the figure.
 *
 * @throws InputError for models that do not match
 *
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * console.log(e2.figures.clearestAxis(run.decode([-1, 0]), run.decode([1, 0]))); // x, y or z
 * ```
 */
export function clearestAxis(from: GaussianModel, to: GaussianModel): Axis {
  const moved = displacements(from, to);
  const { count, params } = from;
  const motion = [0, 0, 0];
  const spread = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    const positions = params.subarray(axis * count, (axis + 1) * count);
    const mean = positions.reduce((sum, position) => sum + position, 0) / count;
    for (let i = 0; i < count; i++) {
      motion[axis]! += moved[3 * i + axis]! ** 2;
      spread[axis]! += (positions[i]! - mean) ** 2;
    }
  }
  const seen = (axis: Axis) => {
    const [horizontal, vertical] = shownAxes[axis].map((shown) => component[shown]);
    return (motion[horizontal!]! + motion[vertical!]!) * (spread[horizontal!]! + spread[vertical!]!);
  };
  return (["z", "y", "x"] as const).reduce((best, axis) => (seen(axis) > seen(best) ? axis : best));
}

/**
 * The motion between two states: the Gaussians of the first, with arrows to their positions in the second, coloured by the
 * length of the displacement in 3-D. Where Gaussians overlap, only the heaviest has its arrow.
 *
 * @param from a state of the model, such as `run.decode([-1.5])`
 * @param to    another state of it, such as `run.decode([1.5])`
 * @param options side of the square figure by `width` or `height`, default 380
 * @throws InputError for models that do not match or are empty, and for a scale that is not positive
 *
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * await e2.show(e2.figures.motion(run.decode([-1, 0]), run.decode([1, 0]), { axis: "z", scale: 2 }));
 * ```
 */
export function motionFigure(
  from: GaussianModel,
  to: GaussianModel,
  options: MotionFigureOptions = {},
): Figure {
  const { scale = 1 } = options;
  if (!(scale > 0) || !Number.isFinite(scale)) {
    throw new InputError("scale", "a number above 0", String(scale));
  }
  if (from.count === 0) throw new InputError("first model", "at least one Gaussian", "none");
  const moved = displacements(from, to);
  checkNumbers("displacements", moved);
  const axis = options.axis ?? clearestAxis(from, to);
  const gaussians = projected(from, moved, { axis, scale });
  const longest = Math.max(...gaussians.map(({ length }) => length));
  const least = options.minDisplacement ?? longest / 10;
  const moving = gaussians.filter(({ length }) => length > least);
  const subtitle =
    `${moving.length} of ${from.count} Gaussians move more than ${shortNumber(least)} Å, the farthest ${shortNumber(longest)} Å` +
    (scale === 1 ? "" : `; arrows ${shortNumber(scale)} times as long`);
  const side = options.width ?? options.height ?? 380;
  const extent = Math.max(...gaussians.flatMap((g) => [g.x, g.y, g.x2, g.y2].map(Math.abs)), 1e-3);
  const half = 1.06 * extent;
  const arrows = withoutOverlaps(moving, (2 * half) / cells).sort((a, b) => a.length - b.length);
  const [horizontal, vertical] = shownAxes[axis];
  const positions = { x: positionChannel("x", horizontal, half), y: positionChannel("y", vertical, half) };
  return vegaFigure(`Motion seen along ${axis}: ${subtitle}`, {
    ...titleOf(options.title ?? `Motion, seen along ${axis}`, subtitle),
    width: side,
    height: options.height ?? side,
    layer: [
      gaussianLayer(gaussians, positions),
      ...(arrows.length === 0 ? [] : [arrowLayer(arrows, positions, longest)]),
    ],
  });
}

/** A Gaussian in the plane of the figure, in Å. */
interface ProjectedGaussian {
  x: number;
  y: number;
  /** Tip of the arrow. */
  x2: number;
  y2: number;
  /** Of the arrow in degrees, 0 upwards, clockwise. */
  angle: number;
  mass: number;
  /** Of the displacement in 3-D. */
  length: number;
}

/** @param moved displacements in Å, [3 · Gaussians] */
function projected(
  { boxSize, apix, count, params }: GaussianModel,
  moved: Float32Array,
  { axis, scale }: { axis: Axis; scale: number },
): ProjectedGaussian[] {
  const boxLength = boxLengthOf({ boxSize, apix });
  const [horizontal, vertical] = shownAxes[axis];
  return Array.from({ length: count }, (_, i) => {
    const amplitude = Math.max(0, params[Row.amplitude * count + i]!);
    const x = boxLength * params[Row[horizontal] * count + i]!;
    const y = boxLength * params[Row[vertical] * count + i]!;
    const dx = scale * moved[3 * i + component[horizontal]]!;
    const dy = scale * moved[3 * i + component[vertical]]!;
    return {
      x,
      y,
      x2: x + dx,
      y2: y + dy,
      angle: (Math.atan2(dx, dy) * 180) / Math.PI,
      mass: amplitude * params[Row.sigma * count + i]! ** 3,
      length: Math.hypot(moved[3 * i]!, moved[3 * i + 1]!, moved[3 * i + 2]!),
    };
  });
}

/** The heaviest of the Gaussians in each cell; all arrows would hide each other. */
function withoutOverlaps<T extends { x: number; y: number; mass: number }>(
  gaussians: readonly T[],
  cellSize: number,
): T[] {
  const kept = new Map<string, T>();
  for (const gaussian of gaussians) {
    const key = `${Math.floor(gaussian.x / cellSize)} ${Math.floor(gaussian.y / cellSize)}`;
    const other = kept.get(key);
    if (!other || gaussian.mass > other.mass) kept.set(key, gaussian);
  }
  return [...kept.values()];
}

function positionChannel(field: string, axis: string, half: number): object {
  return {
    field,
    type: "quantitative",
    scale: { domain: [-half, half], nice: false },
    axis: { title: `${axis} (Å)`, tickCount: 5 },
  };
}

function gaussianLayer(gaussians: readonly ProjectedGaussian[], positions: object): object {
  return {
    data: { values: gaussians.map(({ x, y, mass }) => ({ x, y, mass })) },
    mark: { type: "circle", color: "#c4c9cf", opacity: 0.45 },
    encoding: {
      ...positions,
      size: { field: "mass", type: "quantitative", scale: { range: [10, 220] }, legend: null },
    },
  };
}

function arrowLayer(arrows: readonly ProjectedGaussian[], positions: object, longest: number): object {
  const color = {
    field: "length",
    type: "quantitative",
    // Without the light end of the scheme, which would vanish on white
    scale: { scheme: { name: numberScheme, extent: [0.85, 0] }, domain: [0, Math.max(longest, 1e-3)] },
    legend: { title: "Motion (Å)" },
  };
  const shafts = {
    mark: { type: "rule", strokeWidth: 1.4 },
    encoding: { x2: { field: "x2" }, y2: { field: "y2" } },
  };
  const heads = {
    mark: { type: "point", filled: true, shape: "M0,-1L0.62,0.75L-0.62,0.75Z", size: 22, opacity: 1 },
    encoding: {
      x: { field: "x2", type: "quantitative" },
      y: { field: "y2", type: "quantitative" },
      angle: { field: "angle", type: "quantitative", scale: null },
    },
  };
  return { data: { values: arrows }, encoding: { ...positions, color }, layer: [shafts, heads] };
}
