import { InputError } from "../errors";
import { pearson, spearman } from "../latent/statistics";
import { type Column, checkNumbers, checkSameLength } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { histogram } from "./histogramFigure";
import { numberScheme, palette, seriesStyle, setColours } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

/** The set that each particle belongs to: a cluster number or any name. */
export interface SetColumn {
  label: string;
  sets: ArrayLike<number | string>;
}

export interface ScatterOptions extends FigureOptions {
  /** What colours the particles: a number of each, or the set of each. Default: nothing. */
  colour?: Column | SetColumn;
  /** Puts Pearson's correlation and the rank correlation under the title. Default false. */
  correlation?: boolean;
  /** Particles up to which each is drawn as a point; more are drawn as a density. Default 3,000. */
  mostPoints?: number;
}

interface Mark {
  x: number;
  y: number;
  colour?: number | string | undefined;
}

/** Squares of a density along each axis. */
const CELLS = 60;
/** Squares overlap, since edges that only touch are drawn with a hairline between them. */
const OVERLAP = 1.08;
const MOST_SETS = 30;

/**
 * Particles over two columns: a latent coordinate against the truth or any column of the STAR file, or two latent
 * coordinates. Many particles are drawn as a density: squares coloured by how many lie there, by the mean of the
 * colouring number, or by the set that has most.
 *
 * @throws InputError for columns that are empty, hold NaN or differ in length, and for more than 30 sets
 */
export function scatterFigure(x: Column, y: Column, options: ScatterOptions = {}): Figure {
  checkNumbers(x.label, x.values);
  checkNumbers(y.label, y.values);
  const count = x.values.length;
  checkSameLength(x.label, count, y.label, y.values.length);
  const colouring = options.colour && checkedColour(x.label, count, options.colour);
  const dense = count > (options.mostPoints ?? 3000);
  const marks = dense ? cells(x.values, y.values, colouring) : points(x.values, y.values, colouring);

  const correlations = options.correlation
    ? `Pearson r ${pearson(x.values, y.values).toFixed(3)}, rank correlation ${spearman(x.values, y.values).toFixed(3)}`
    : undefined;
  const description =
    `${y.label} against ${x.label} of ${count} particles` +
    (colouring ? `, coloured by ${colouring.label}` : "") +
    (correlations ? `: ${correlations}` : "");
  const axis = (field: string, { label }: Column) => ({
    field,
    type: "quantitative",
    scale: { zero: false, nice: true },
    axis: { title: label, tickCount: 6 },
  });
  const span = (field: "x" | "y") => (dense ? { [`${field}2`]: { field: `${field}2` } } : {});
  const shapes = shapeChannel(colouring, dense);
  return vegaFigure(description, {
    ...titleOf(options.title, correlations),
    width: options.width ?? 380,
    height: options.height ?? 300,
    data: { values: marks },
    mark: dense
      ? { type: "rect" }
      : {
          ...(shapes ? { type: "point", filled: true } : { type: "circle" }),
          size: count > 1000 ? 14 : 24,
          opacity: count > 300 ? 0.6 : 0.85,
        },
    encoding: {
      x: axis("x", x),
      y: axis("y", y),
      ...span("x"),
      ...span("y"),
      color: colourChannel(colouring, dense),
      ...(shapes && { shape: shapes }),
    },
  });
}

type Colouring = { label: string } & ({ values: ArrayLike<number> } | { sets: string[]; names: string[] });

function checkedColour(name: string, count: number, colour: Column | SetColumn): Colouring {
  if ("values" in colour) {
    checkNumbers(colour.label, colour.values);
    checkSameLength(name, count, colour.label, colour.values.length);
    return colour;
  }
  checkSameLength(name, count, colour.label, colour.sets.length);
  const sets = Array.from(colour.sets, String);
  const names = [...new Set(sets)].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
  if (names.length > MOST_SETS) {
    throw new InputError(
      colour.label,
      `at most ${MOST_SETS} sets (numbers go in as values)`,
      String(names.length),
    );
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
    return {
      field: "colour",
      type: "nominal",
      scale: { domain: colouring.names, range: setColours },
      legend,
    };
  }
  return { field: "colour", type: "quantitative", scale: { scheme: numberScheme, zero: false }, legend };
}

/** More sets than there are colours differ in the shape of their points. */
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

/** Squares that hold particles, with what colours them. */
function cells(x: ArrayLike<number>, y: ArrayLike<number>, colouring: Colouring | undefined): Mark[] {
  const across = histogram(x, CELLS);
  const up = histogram(y, CELLS);
  const place = (value: number, { from, step }: { from: number; step: number }) =>
    Math.min(CELLS - 1, Math.floor((value - from) / step));
  const members = new Map<number, number[]>();
  for (let i = 0; i < x.length; i++) {
    const cell = place(x[i]!, across) + CELLS * place(y[i]!, up);
    const list = members.get(cell);
    if (list) list.push(i);
    else members.set(cell, [i]);
  }
  return Array.from(members, ([cell, list]) => {
    const left = across.from + (cell % CELLS) * across.step;
    const below = up.from + Math.floor(cell / CELLS) * up.step;
    return {
      x: left,
      x2: left + OVERLAP * across.step,
      y: below,
      y2: below + OVERLAP * up.step,
      colour: summary(list, colouring),
    };
  });
}

function summary(list: readonly number[], colouring: Colouring | undefined): number | string {
  if (!colouring) return list.length;
  if ("values" in colouring) {
    return list.reduce((sum, i) => sum + colouring.values[i]!, 0) / list.length;
  }
  const counts = new Map<string, number>();
  for (const i of list) counts.set(colouring.sets[i]!, (counts.get(colouring.sets[i]!) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}
