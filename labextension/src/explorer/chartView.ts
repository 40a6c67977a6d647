import { ifDefined } from "lit/directives/if-defined.js";
import { styleMap } from "lit/directives/style-map.js";
import { html, nothing, svg, type TemplateResult } from "lit/html.js";
import { pathOf, placeOf, type Range, rangeOf, type Series, ticksOf } from "./chart.js";

/** Titles, ticks and ranges of a chart. */
export interface ChartAxes {
  title: string;
  x: {
    title: string;
    /** Text of a tick. */
    format: (value: number) => string;
    /** Default: about five round numbers. */
    ticks?: readonly number[];
    /** Default: that of the points. */
    range?: Range;
  };
  y: { title: string; range?: Range };
  /** Height of a dotted line. Default: none. */
  threshold?: number;
}

const width = 264;
const height = 160;
const left = 44;
const right = width - 10;
const top = 22;
const bottom = height - 34;

type Scale = (value: number) => number;

/** A small line chart in the colours of the theme. */
export function lineChart(series: readonly Series[], axes: ChartAxes): TemplateResult {
  const all = series.flatMap(({ points }) => points);
  const xRange = axes.x.range ?? rangeOf(all.map(([x]) => x));
  const yRange = axes.y.range ?? rangeOf(all.map(([, y]) => y));
  const x: Scale = (value) => placeOf(value, xRange, left, right);
  const y: Scale = (value) => placeOf(value, yRange, bottom, top);
  return html`<svg
    class="e2gmm-explorer-chart"
    viewBox="0 0 ${width} ${height}"
    width=${width}
    height=${height}
    role="img"
    aria-label="${axes.title}: ${series.map(({ label }) => label).join(", ")}"
  >
    <text x=${left} y="13" class="e2gmm-explorer-chartTitle">${axes.title}</text>
    ${ticksOf(yRange, 4).map((value) => yTick(value, y(value)))}
    ${(axes.x.ticks ?? ticksOf(xRange, 5)).map(
      (value) =>
        svg`<text x=${x(value)} y=${bottom + 13} text-anchor="middle">${axes.x.format(value)}</text>`,
    )}
    <text x=${(left + right) / 2} y=${height - 5} text-anchor="middle">${axes.x.title}</text>
    <text x="0" y="0" text-anchor="middle" transform="translate(10 ${(top + bottom) / 2}) rotate(-90)"
      >${axes.y.title}</text>
    ${axes.threshold === undefined ? nothing : horizontal(y(axes.threshold), "e2gmm-explorer-threshold")}
    ${series.map((one) => curve(one, x, y))}
  </svg>`;
}

function yTick(value: number, at: number): TemplateResult<2> {
  return svg`${horizontal(at, "e2gmm-explorer-grid")}<text x=${left - 5} y=${at + 3.5} text-anchor="end"
    >${value}</text>`;
}

function horizontal(at: number, className: string): TemplateResult<2> {
  return svg`<line x1=${left} x2=${right} y1=${at} y2=${at} class=${className} />`;
}

function curve({ label, colour, points, dash }: Series, x: Scale, y: Scale): TemplateResult<2> {
  const only = points.length === 1 ? points[0] : undefined;
  const path = svg`<path
    d=${pathOf(points, x, y)}
    fill="none"
    stroke-width="1.8"
    stroke-dasharray=${ifDefined(dash || undefined)}
    style=${styleMap({ stroke: colour })}
  ><title>${label}</title></path>`;
  // A path of one point draws nothing
  return only
    ? svg`${path}<circle cx=${x(only[0])} cy=${y(only[1])} r="2.5" style=${styleMap({ fill: colour })} />`
    : path;
}
