import { InputError } from "../errors";
import { contourLines, levelEnclosing } from "../latent/contours";
import { type PopulationDensity, populationDensity } from "../latent/populationDensity";
import { type PopulationMap, populationMap } from "../latent/populationMap";
import { gatherColumns, gatherRows } from "../training/batches";
import type { LatentAxis, Run } from "../training/runs/run";
import { usedParticles } from "../training/runs/usedParticles";
import { shortNumber } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { histogram } from "./histogramFigure";
import { palette } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

/** Options of a figure of the population. */
export interface PopulationFigureOptions extends FigureOptions {
  /** One or two axes of the latent space, from 0; two are drawn as a map. Default: every axis on its own. */
  axes?: readonly number[];
  /** Seed of the resamplings from which the standard errors follow. Default 1. */
  seed?: number;
}

/** Places of the particles of a run, and what is said of the figure. */
interface Placed {
  axes: readonly LatentAxis[];
  /** [n · axes] */
  places: Float32Array;
  /** [n · axes] */
  deviations: Float32Array;
  /** Below the title; undefined for nothing. */
  doubt: string | undefined;
}

const series = { estimates: "point estimates", population: "population, errors taken out" } as const;
const bins = 48;
/** Fractions of the population that contours enclose. */
const enclosed = [0.5, 0.95] as const;
/** Cells with less than this fraction of the highest density are not drawn. */
const visible = 0.01;

/**
 * How a population is distributed in the latent space: the histogram of the particles' places beside the density of the population, from
 * which the errors of the places are taken out (`latent.populationDensity`, `latent.populationMap`). Along one axis the density is a
 * line with its standard errors; over two axes both are maps, with lines around the densest 50 and 95 % of the population.
 *
 * @param options width and height are those of a panel: default 520 and 170 along one axis, 300 and 300 over two
 * @throws InputError before the run is complete, and for axes that it does not have
 *
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * await e2.show(await e2.figures.population(run));
 * const map = await e2.figures.population(run, { axes: [0, 1] });
 * await map.save("population.svg");
 * run.close();
 * ```
 */
export async function populationFigure(run: Run, options: PopulationFigureOptions = {}): Promise<Figure> {
  const placed = await placedParticles(run, options.axes);
  return placed.axes.length === 2 && options.axes ? mapFigure(placed, options) : axesFigure(placed, options);
}

async function placedParticles(run: Run, chosen: readonly number[] | undefined): Promise<Placed> {
  const { latent } = run;
  const columns = chosen ?? Array.from({ length: latent }, (_, d) => d);
  const known = columns.every((d) => Number.isInteger(d) && d >= 0 && d < latent);
  if (chosen && !(known && new Set(columns).size === columns.length && [1, 2].includes(columns.length))) {
    const range = latent === 1 ? "0" : `0 to ${latent - 1}`;
    throw new InputError("axes", `one or two of the axes ${range}`, JSON.stringify(chosen));
  }
  const latents = await run.latents();
  const axes = await run.axes(latents);
  const outliers = () => run.outliers();
  const rows = await usedParticles({ record: run.record, outliers }, latents.refined.length / latent);
  const of = (values: Float32Array) => gatherColumns(gatherRows(values, latent, rows), latent, columns);
  return {
    axes: columns.map((d) => axes[d]!),
    places: of(latents.refined),
    deviations: of(latents.standardDeviation),
    doubt:
      run.record.evidence?.verdict === "none"
        ? "No heterogeneity was found: what is left is what the errors do not explain"
        : undefined,
  };
}

/** Panels of single axes. */
function axesFigure(placed: Placed, options: PopulationFigureOptions): Figure {
  const { title = "Population", width = 520, height = 170, seed = 1 } = options;
  const panels = placed.axes.map((axis, d) => {
    const along = (values: Float32Array) => values.filter((_, i) => i % placed.axes.length === d);
    const means = along(placed.places);
    const density = populationDensity(means, along(placed.deviations), { seed });
    return { axis, means, density, spec: axisPanel(axis, means, density, { width, height }) };
  });
  const n = placed.places.length / placed.axes.length;
  const described = panels.map(
    ({ axis, density }) => `${axis.title}, highest at ${shortNumber(highest(density))}`,
  );
  const description = `Population of ${n} particles along ${described.join("; ")}`;
  return vegaFigure(description, {
    ...titleOf(
      title,
      subtitle(
        placed,
        panels.map(({ axis, density }) => `${shortNumber(density.bandwidth)} along ${axis.name}`),
      ),
    ),
    spacing: 18,
    vconcat: panels.map(({ spec }) => spec),
    resolve: { legend: { color: "shared" } },
  });
}

function highest({ places, density }: PopulationDensity): number {
  return places[density.indexOf(Math.max(...density))]!;
}

function subtitle({ doubt }: Placed, narrowest: readonly string[]): string {
  const resolved = `structure narrower than ${narrowest.join(", ")} is not resolved`;
  return doubt ? `${doubt}; ${resolved}` : `Errors of the places taken out; ${resolved}`;
}

function axisPanel(
  axis: LatentAxis,
  means: Float32Array,
  { places, density, standardError }: PopulationDensity,
  size: { width: number; height: number },
): object {
  const { counts, from, step } = histogram(means, bins);
  const legend = { title: null, orient: "top", symbolType: "square" };
  const color = {
    type: "nominal",
    scale: { domain: [series.estimates, series.population], range: [palette.sky, palette.vermilion] },
    legend,
  };
  const x = {
    type: "quantitative",
    axis: { title: `${axis.name}: ${axis.title}`, grid: false, tickCount: 8 },
    scale: { zero: false },
  };
  const y = { type: "quantitative", axis: { title: "Fraction per unit", tickCount: 4 } };
  return {
    ...size,
    layer: [
      {
        data: {
          values: Array.from(counts, (count, i) => ({
            ...{ from: from + i * step, to: from + (i + 1) * step },
            ...{ fraction: count / (means.length * step), what: series.estimates },
          })),
        },
        mark: { type: "bar", opacity: 0.55, binSpacing: 0 },
        encoding: {
          x: { ...x, field: "from", bin: { binned: true } },
          x2: { field: "to" },
          y: { ...y, field: "fraction" },
          color: { ...color, field: "what" },
        },
      },
      ...["area", "line"].map((type) => ({
        data: {
          values: Array.from(places, (place, i) => ({
            ...{ place, density: density[i]!, what: series.population },
            ...{ low: Math.max(density[i]! - standardError[i]!, 0), high: density[i]! + standardError[i]! },
          })),
        },
        mark: type === "area" ? { type, opacity: 0.25 } : { type, strokeWidth: 2 },
        encoding: {
          x: { ...x, field: "place" },
          ...(type === "area"
            ? { y: { ...y, field: "low" }, y2: { field: "high" } }
            : { y: { ...y, field: "density" } }),
          color: { ...color, field: "what" },
        },
      })),
    ],
  };
}

/** Maps over two axes: places on the left, the population on the right. */
function mapFigure(placed: Placed, options: PopulationFigureOptions): Figure {
  const { title = "Population", width = 300, height = 300 } = options;
  const { places, deviations } = placed;
  const map = populationMap(places, deviations, { places: bins });
  const estimates = fractionsOf(places, map);
  const lines = enclosed.flatMap((fraction) => {
    const level = levelEnclosing(map.density, fraction);
    const name = `${100 * fraction} % of the population`;
    return contourLines({ ...map, values: map.density }, level).map((points, k) => ({
      points,
      name,
      key: `${name} ${k}`,
    }));
  });
  const [ofX, ofY] = placed.axes as [LatentAxis, LatentAxis];
  // Single places make cells of the left panel stand out.
  const top = Math.max(...map.density);
  const panel = (name: string, values: Float64Array) =>
    mapPanel({ name, values, map, lines, top, axes: [ofX, ofY], width, height });
  const narrowest = map.bandwidth.map((width, d) => `${shortNumber(width)} along ${placed.axes[d]!.name}`);
  const description =
    `Population of ${places.length / 2} particles over ${ofX.title} and ${ofY.title}: density of the point estimates and, with the errors of ` +
    "the places taken out, of the population";
  return vegaFigure(description, {
    ...titleOf(title, subtitle(placed, narrowest)),
    hconcat: [panel(series.estimates, estimates), panel(series.population, map.density)],
    resolve: { scale: { color: "shared", strokeDash: "shared" } },
  });
}

/** Fraction of the places [n · 2] per unit of both coordinates around each point of a map. */
function fractionsOf(places: Float32Array, { x, y, density }: PopulationMap): Float64Array {
  const found = new Float64Array(density.length);
  const [stepX, stepY] = [x[1]! - x[0]!, y[1]! - y[0]!];
  for (let i = 0; i < places.length; i += 2) {
    const column = Math.round((places[i]! - x[0]!) / stepX);
    const row = Math.round((places[i + 1]! - y[0]!) / stepY);
    found[row * x.length + column]! += 2 / (places.length * stepX * stepY);
  }
  return found;
}

interface MapPanel {
  name: string;
  /** [rows · columns] of the map. */
  values: Float64Array;
  map: PopulationMap;
  lines: readonly { points: Float64Array; name: string; key: string }[];
  /** Value of the darkest colour. */
  top: number;
  axes: readonly [LatentAxis, LatentAxis];
  width: number;
  height: number;
}

function mapPanel({ name, values, map, lines, top, axes, width, height }: MapPanel): object {
  const { x, y } = map;
  const [halfX, halfY] = [x[1]! - x[0]!, y[1]! - y[0]!].map((step) => step / 2) as [number, number];
  const scale = (places: Float64Array, half: number) => ({
    domain: [places[0]! - half, places.at(-1)! + half],
    nice: false,
    zero: false,
  });
  const channel = (axis: LatentAxis, places: Float64Array, half: number) => ({
    type: "quantitative",
    scale: scale(places, half),
    axis: { title: `${axis.name}: ${axis.title}`, tickCount: 6, grid: false, titleLimit: 320 },
  });
  const [ofX, ofY] = [channel(axes[0], x, halfX), channel(axes[1], y, halfY)];
  const cells = Array.from(values, (value, i) => {
    const [left, bottom] = [x[i % x.length]! - halfX, y[Math.floor(i / x.length)]! - halfY];
    // Cells overlap, since a renderer draws hairlines between edges that only touch.
    return { x: left, x2: left + 2.16 * halfX, y: bottom, y2: bottom + 2.16 * halfY, value };
  }).filter(({ value }) => value > visible * top);
  return {
    ...{ width, height, title: { text: name, fontSize: 12.5, fontWeight: "normal" } },
    layer: [
      {
        data: { values: cells },
        mark: { type: "rect", clip: true },
        encoding: {
          x: { ...ofX, field: "x" },
          x2: { field: "x2" },
          y: { ...ofY, field: "y" },
          y2: { field: "y2" },
          color: {
            ...{
              field: "value",
              type: "quantitative",
              scale: { scheme: "blues", domain: [0, top], clamp: true },
            },
            legend: { title: "Fraction per unit²", tickCount: 4 },
          },
        },
      },
      {
        data: {
          values: lines.flatMap(({ points, ...line }) =>
            Array.from({ length: points.length / 2 }, (_, order) => ({
              ...{ ...line, order, x: points[2 * order]!, y: points[2 * order + 1]! },
            })),
          ),
        },
        mark: { type: "line", strokeWidth: 1.5, color: palette.vermilion, clip: true },
        encoding: {
          x: { ...ofX, field: "x" },
          y: { ...ofY, field: "y" },
          order: { field: "order" },
          detail: { field: "key" },
          strokeDash: {
            ...{
              field: "name",
              type: "nominal",
              sort: enclosed.map((fraction) => `${100 * fraction} % of the population`),
            },
            legend: { title: "Densest" },
          },
        },
      },
    ],
  };
}
