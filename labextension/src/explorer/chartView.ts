import { drawn } from "../dom.js";
import { pathOf, placeOf, type Range, rangeOf, type Series, ticksOf } from "./chart.js";

export interface ChartAxes {
  title: string;
  x: { title: string; format: (value: number) => string; ticks?: readonly number[]; range?: Range };
  y: { title: string; range?: Range };
  /** Height of a dotted line. */
  threshold?: number;
}

const WIDTH = 264;
const HEIGHT = 160;
const MARGIN = { left: 44, right: 10, top: 22, bottom: 34 };

/** A small line chart in the colours of the theme. */
export function drawChart(series: readonly Series[], axes: ChartAxes): SVGSVGElement {
  const all = series.flatMap(({ points }) => points);
  const across = axes.x.range ?? rangeOf(all.map(([x]) => x));
  const up = axes.y.range ?? rangeOf(all.map(([, y]) => y));
  const [left, right, top, bottom] = [MARGIN.left, WIDTH - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom];
  const x = (value: number) => placeOf(value, across, left, right);
  const y = (value: number) => placeOf(value, up, bottom, top);
  const text = (content: string, at: Record<string, string | number>) => drawn("text", at, content);
  const said = `${axes.title}: ${series.map(({ label }) => label).join(", ")}`;
  const chart = drawn("svg", {
    class: "e2gmm-explorer-chart",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    width: WIDTH,
    height: HEIGHT,
    role: "img",
    "aria-label": said,
  });
  chart.append(text(axes.title, { x: left, y: 13, class: "e2gmm-explorer-chartTitle" }));
  for (const value of ticksOf(up, 4)) {
    chart.append(
      drawn("line", { x1: left, x2: right, y1: y(value), y2: y(value), class: "e2gmm-explorer-grid" }),
      text(String(value), { x: left - 5, y: y(value) + 3.5, "text-anchor": "end" }),
    );
  }
  for (const value of axes.x.ticks ?? ticksOf(across, 5)) {
    chart.append(text(axes.x.format(value), { x: x(value), y: bottom + 13, "text-anchor": "middle" }));
  }
  chart.append(
    text(axes.x.title, { x: (left + right) / 2, y: HEIGHT - 5, "text-anchor": "middle" }),
    text(axes.y.title, {
      x: 0,
      y: 0,
      "text-anchor": "middle",
      transform: `translate(10 ${(top + bottom) / 2}) rotate(-90)`,
    }),
  );
  if (axes.threshold !== undefined) {
    const at = y(axes.threshold);
    chart.append(drawn("line", { x1: left, x2: right, y1: at, y2: at, class: "e2gmm-explorer-threshold" }));
  }
  for (const { label, colour, points, dash } of series) {
    const path = drawn(
      "path",
      { d: pathOf(points, x, y), fill: "none", "stroke-width": 1.8 },
      drawn("title", {}, label),
    );
    path.style.stroke = colour;
    if (dash) path.setAttribute("stroke-dasharray", dash);
    chart.append(path);
    if (points.length === 1) {
      const [[px, py]] = points as [readonly [number, number]];
      const dot = drawn("circle", { cx: x(px), cy: y(py), r: 2.5 });
      dot.style.fill = colour;
      chart.append(dot);
    }
  }
  return chart;
}
