import { InputError } from "../errors";
import { pearson, spearman } from "../latent/statistics";
import { type Column, checkNumbers, checkSameLength } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { histogram } from "./histogramFigure";
import { numberScheme, palette, seriesStyle, setColours } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

/** The set of each particle. */
export interface SetColumn {
  /** Title of the legend. */
  label: string;
  /** A cluster number or name for each particle. */
  sets: ArrayLike<number | string>;
}

/** Options of a scatter figure. */
export interface ScatterFigureOptions extends FigureOptions {
  /** Colours the particles by a number or by the set of each. Default none. */
  colour?: Column | SetColumn;
  /** Whether Pearson's and the rank correlation are shown below the title. Default false. */
  correlation?: boolean;
  /** Up to this many particles are drawn as points, more as a density. Default 3,000. */
  maxPoints?: number;
}

/** A point, or a cell of the density. */
interface Mark {
  x: number;
  y: number;
  colour?: number | string | undefined;
}

/** Cells of a density along each axis. */
const cellCount = 60;
/** Cells overlap, since a renderer draws hairlines between edges that only touch. */
const overlap = 1.08;
const maxSets = 30;

/**
 * Particles over two columns: a latent coordinate against the truth or a column of the STAR file, or two latent coordinates.
 * Many particles are drawn as a density: cells coloured by the number of their particles, by the mean of the colouring
 * number, or by the most frequent set.
 *
 * @param options width default 380, height 300
 * @throws InputError for columns that are empty, have values that are not finite or differ in length, and for more than 30
 * sets
 *
 * @example
 * ```ts
 * const { encoder, refined } = await (await e2.openRun("RUN")).latents();
 * const first = (z: Float32Array) => z.filter((_, i) => i % 2 === 0);
 * await e2.show(
 *   e2.figures.scatter(
 *     { label: "z1, encoder", values: first(encoder) },
 *     { label: "z1, refined", values: first(refined) },
 *     { correlation: true },
 *   ),
 * );
 * ```
 */
export function scatterFigure(x: Column, y: Column, options: ScatterFigureOptions = {}): Figure {
  checkNumbers(x.label, x.values);
  checkNumbers(y.label, y.values);
  const count = x.values.length;
  checkSameLength(x.label, count, y.label, y.values.length);
  const colouring = options.colour && checkedColouring(options.colour, x.label, count);
  const dense = count > (options.maxPoints ?? 3000);
  const marks = dense ? cells(x.values, y.values, colouring) : points(x.values, y.values, colouring);
  const correlations = options.correlation
    ? `Pearson r ${pearson(x.values, y.values).toFixed(3)}, rank correlation ${spearman(x.values, y.values).toFixed(3)}`
    : undefined;
  const description =
    `${y.label} against ${x.label} of ${count} particles` +
    (colouring ? `, coloured by ${colouring.label}` : "") +
    (correlations ? `: ${correlations}` : "");
  const shape = shapeChannel(colouring, dense);
  return vegaFigure(description, {
    ...titleOf(options.title, correlations),
    width: options.width ?? 380,
    height: options.height ?? 300,
    data: { values: marks },
    mark: dense ? { type: "rect" } : pointMark(count, shape !== undefined),
    encoding: {
      x: axisChannel("x", x),
      y: axisChannel("y", y),
      ...(dense && { x2: { field: "x2" }, y2: { field: "y2" } }),
      color: colourChannel(colouring, dense),
      ...(shape && { shape }),
    },
  });
}

function axisChannel(field: string, { label }: Column): object {
  const scale = { zero: false, nice: true };
  return { field, type: "quantitative", scale, axis: { title: label, tickCount: 6 } };
}

/** Smaller and more transparent for many points. */
function pointMark(count: number, shapes: boolean): object {
  return {
    ...(shapes ? { type: "point", filled: true } : { type: "circle" }),
    size: count > 1000 ? 14 : 24,
    opacity: count > 300 ? 0.6 : 0.85,
  };
}

type Colouring = { label: string } & ({ values: ArrayLike<number> } | { sets: string[]; names: string[] });

/** @param name, count of the column that the colours have to match */
function checkedColouring(colour: Column | SetColumn, name: string, count: number): Colouring {
  if ("values" in colour) {
    checkNumbers(colour.label, colour.values);
    checkSameLength(name, count, colour.label, colour.values.length);
    return colour;
  }
  checkSameLength(name, count, colour.label, colour.sets.length);
  const sets = Array.from(colour.sets, String);
  const names = [...new Set(sets)].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
  if (names.length > maxSets) {
    const expected = `at most ${maxSets} sets (numbers go in as values)`;
    throw new InputError(colour.label, expected, String(names.length));
  }
  return { label: colour.label, sets, names };
}

function colourChannel(colouring: Colouring | undefined, dense: boolean): object {
  if (!colouring) {
    if (!dense) return { value: palette.blue };
    return {
      field: "colour",
      type: "quantitative",
      scale: { scheme: numberScheme, type: "log" },
      legend: { title: "Particles", tickCount: 4, format: "~r" },
    };
  }
  const legend = { title: colouring.label };
  if ("sets" in colouring) {
    const scale = { domain: colouring.names, range: setColours };
    return { field: "colour", type: "nominal", scale, legend };
  }
  return { field: "colour", type: "quantitative", scale: { scheme: numberScheme, zero: false }, legend };
}

/** Markers, for more sets than there are colours. */
function shapeChannel(colouring: Colouring | undefined, dense: boolean): object | undefined {
  if (dense || !colouring || !("sets" in colouring) || colouring.names.length <= setColours.length) {
    return undefined;
  }
  const shapes = colouring.names.map((_, i) => seriesStyle(i).marker);
  const scale = { domain: colouring.names, range: shapes };
  return { field: "colour", type: "nominal", scale, legend: { title: colouring.label } };
}

function points(x: ArrayLike<number>, y: ArrayLike<number>, colouring: Colouring | undefined): Mark[] {
  return Array.from({ length: x.length }, (_, i) => ({
    x: x[i]!,
    y: y[i]!,
    ...(colouring && { colour: "sets" in colouring ? colouring.sets[i]! : colouring.values[i]! }),
  }));
}

/** The cells that contain particles. */
function cells(x: ArrayLike<number>, y: ArrayLike<number>, colouring: Colouring | undefined): Mark[] {
  const horizontal = histogram(x, cellCount);
  const vertical = histogram(y, cellCount);
  const index = (value: number, { from, step }: { from: number; step: number }) =>
    Math.min(cellCount - 1, Math.floor((value - from) / step));
  const members = new Map<number, number[]>();
  for (let i = 0; i < x.length; i++) {
    const cell = index(x[i]!, horizontal) + cellCount * index(y[i]!, vertical);
    const rows = members.get(cell);
    if (rows) rows.push(i);
    else members.set(cell, [i]);
  }
  return Array.from(members, ([cell, rows]) => {
    const left = horizontal.from + (cell % cellCount) * horizontal.step;
    const bottom = vertical.from + Math.floor(cell / cellCount) * vertical.step;
    return {
      x: left,
      x2: left + overlap * horizontal.step,
      y: bottom,
      y2: bottom + overlap * vertical.step,
      colour: cellColour(rows, colouring),
    };
  });
}

function cellColour(rows: readonly number[], colouring: Colouring | undefined): number | string {
  if (!colouring) return rows.length;
  if ("values" in colouring) {
    return rows.reduce((sum, i) => sum + colouring.values[i]!, 0) / rows.length;
  }
  const counts = new Map<string, number>();
  for (const i of rows) counts.set(colouring.sets[i]!, (counts.get(colouring.sets[i]!) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}
