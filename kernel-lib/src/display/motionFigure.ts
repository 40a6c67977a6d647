import { InputError } from "../errors";
import type { Axis } from "../maps/sections";
import { boxLengthOf, type GaussianModel, Row } from "../model/gaussianModel";
import { displacements } from "../model/rigidMotion";
import { checkNumbers, shortNumber } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { numberScheme } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

export interface MotionOptions extends FigureOptions {
  /** The axis along which one looks. Default: that of `clearestAxis`. */
  axis?: Axis;
  /** Arrows are drawn this many times as long as the motion. Default 1. */
  scale?: number;
  /** Å of displacement in three dimensions below which a Gaussian has no arrow. Default a tenth of the largest. */
  least?: number;
}

/** Squares along each axis of which each has one arrow at most. */
const CELLS = 28;

const COMPONENT = { x: 0, y: 1, z: 2 } as const;
const SHOWN = { x: ["y", "z"], y: ["x", "z"], z: ["x", "y"] } as const;

/**
 * The axis along which one sees most of a motion, and of the molecule: the mean square of both the motion and the
 * distances from the centre counts as far as it lies in the picture.
 * @throws InputError for models that do not match
 */
export function clearestAxis(from: GaussianModel, to: GaussianModel): Axis {
  const moved = displacements(from, to);
  const { count, params } = from;
  const motion = [0, 0, 0];
  const spread = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    const places = params.subarray(axis * count, (axis + 1) * count);
    const mean = places.reduce((sum, place) => sum + place, 0) / count;
    for (let i = 0; i < count; i++) {
      motion[axis]! += moved[3 * i + axis]! ** 2;
      spread[axis]! += (places[i]! - mean) ** 2;
    }
  }
  const seen = (axis: Axis) => {
    const [across, up] = SHOWN[axis].map((shown) => COMPONENT[shown]);
    return (motion[across!]! + motion[up!]!) * (spread[across!]! + spread[up!]!);
  };
  return (["z", "y", "x"] as const).reduce((best, axis) => (seen(axis) > seen(best) ? axis : best));
}

/**
 * How a molecule moves between two states: its Gaussians in the first, and an arrow from each to its place in the
 * second, coloured by the length of the motion in three dimensions. Of Gaussians that lie behind one another only the
 * heaviest has its arrow.
 *
 * @param from, to states of one model, such as `run.decode([-1.5])` and `run.decode([1.5])`
 * @throws InputError for models that do not match or are empty, and for a scale that is not above 0
 */
export function motionFigure(from: GaussianModel, to: GaussianModel, options: MotionOptions = {}): Figure {
  const { scale = 1 } = options;
  if (!(scale > 0) || !Number.isFinite(scale))
    throw new InputError("scale", "a number above 0", String(scale));
  if (from.count === 0) throw new InputError("first model", "at least one Gaussian", "none");
  const moved = displacements(from, to);
  checkNumbers("displacements", moved);
  const axis = options.axis ?? clearestAxis(from, to);
  const edge = boxLengthOf(from);
  const [across, up] = SHOWN[axis];
  const { count, params } = from;
  const all = Array.from({ length: count }, (_, i) => {
    const amplitude = Math.max(0, params[Row.amplitude * count + i]!);
    const x = edge * params[Row[across] * count + i]!;
    const y = edge * params[Row[up] * count + i]!;
    const dx = scale * moved[3 * i + COMPONENT[across]]!;
    const dy = scale * moved[3 * i + COMPONENT[up]]!;
    return {
      x,
      y,
      x2: x + dx,
      y2: y + dy,
      // 0° is up and angles go clockwise
      angle: (Math.atan2(dx, dy) * 180) / Math.PI,
      mass: amplitude * params[Row.sigma * count + i]! ** 3,
      length: Math.hypot(moved[3 * i]!, moved[3 * i + 1]!, moved[3 * i + 2]!),
    };
  });
  const longest = Math.max(...all.map((row) => row.length));
  const least = options.least ?? longest / 10;
  const moving = all.filter((row) => row.length > least);
  const half = 1.06 * Math.max(...all.flatMap((r) => [r.x, r.y, r.x2, r.y2].map(Math.abs)), 1e-3);
  const arrows = withoutOverlaps(moving, (2 * half) / CELLS).sort((a, b) => a.length - b.length);
  const position = (field: string, label: string) => ({
    field,
    type: "quantitative",
    scale: { domain: [-half, half], nice: false },
    axis: { title: `${label} (Å)`, tickCount: 5 },
  });
  const subtitle =
    `${moving.length} of ${count} Gaussians move more than ${shortNumber(least)} Å, the farthest ${shortNumber(longest)} Å` +
    (scale === 1 ? "" : `; arrows ${shortNumber(scale)} times as long`);
  const side = options.width ?? options.height ?? 380;
  const colour = {
    field: "length",
    type: "quantitative",
    // The light end of the scheme would vanish on white.
    scale: { scheme: { name: numberScheme, extent: [0.85, 0] }, domain: [0, Math.max(longest, 1e-3)] },
    legend: { title: "Motion (Å)" },
  };
  return vegaFigure(`Motion seen along ${axis}: ${subtitle}`, {
    ...titleOf(options.title ?? `Motion, seen along ${axis}`, subtitle),
    width: side,
    height: options.height ?? side,
    layer: [
      {
        data: { values: all.map(({ x, y, mass }) => ({ x, y, mass })) },
        mark: { type: "circle", color: "#c4c9cf", opacity: 0.45 },
        encoding: {
          x: position("x", across),
          y: position("y", up),
          size: { field: "mass", type: "quantitative", scale: { range: [10, 220] }, legend: null },
        },
      },
      ...(arrows.length === 0
        ? []
        : [
            {
              data: { values: arrows },
              encoding: { x: position("x", across), y: position("y", up), color: colour },
              layer: [
                {
                  mark: { type: "rule", strokeWidth: 1.4 },
                  encoding: { x2: { field: "x2" }, y2: { field: "y2" } },
                },
                {
                  mark: {
                    type: "point",
                    filled: true,
                    shape: "M0,-1L0.62,0.75L-0.62,0.75Z",
                    size: 22,
                    opacity: 1,
                  },
                  encoding: {
                    x: { field: "x2", type: "quantitative" },
                    y: { field: "y2", type: "quantitative" },
                    angle: { field: "angle", type: "quantitative", scale: null },
                  },
                },
              ],
            },
          ]),
    ],
  });
}

/** Of Gaussians that lie behind one another, the heaviest: the arrows of all would hide each other. */
function withoutOverlaps<T extends { x: number; y: number; mass: number }>(
  rows: readonly T[],
  cell: number,
): T[] {
  const kept = new Map<string, T>();
  for (const row of rows) {
    const key = `${Math.floor(row.x / cell)} ${Math.floor(row.y / cell)}`;
    const other = kept.get(key);
    if (!other || row.mass > other.mass) kept.set(key, row);
  }
  return [...kept.values()];
}
