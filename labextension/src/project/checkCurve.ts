import type { ProjectResults } from "e2gmm/messages/project";
import { html, nothing, type TemplateResult } from "lit/html.js";
import "../../style/explorer.css";
import { type Series, ticksOf } from "../explorer/chart.js";
import { lineChart } from "../explorer/chartView.js";

type Rings = ProjectResults["check"]["rings"];

/** Curves of the agreement by frequency in 1/Å; none without rings. */
export function checkSeries(rings: Rings): Series[] {
  if (rings.length === 0) return [];
  const points = (of: (ring: Rings[number]) => number | undefined) =>
    rings.flatMap((ring): [number, number][] => {
      const value = of(ring);
      return value === undefined ? [] : [[1 / ring.resolution, value]];
    });
  const map = points((ring) => ring.map);
  return [
    ...(map.length > 0
      ? [{ label: "map with its Gaussian model", colour: "#d55e00", dash: "5 3", points: map }]
      : []),
    { label: "particles with the model", colour: "#0072b2", points: points(({ particles }) => particles) },
  ];
}

/** FRC of the neutral model with map and particles, as a chart and as a table for those who do not see it. */
export function checkCurve(rings: Rings): TemplateResult | typeof nothing {
  const series = checkSeries(rings);
  if (series.length === 0) return nothing;
  const high = Math.max(...series.flatMap(({ points }) => points.map(([x]) => x)));
  const low = Math.min(0, ...series.flatMap(({ points }) => points.map(([, y]) => y)));
  const chart = lineChart(series, {
    title: "FRC of the neutral model",
    x: {
      title: "Resolution (Å)",
      format: (frequency) => (1 / frequency).toPrecision(2),
      ticks: ticksOf({ low: 0, high }, 6).slice(1),
      range: { low: 0, high },
    },
    y: { title: "FRC", range: { low, high: 1 } },
  });
  return html`<figure class="e2gmm-newRun-curve">${chart}
    <figcaption>${series.map(
      ({ label, colour }) =>
        html`<span><span aria-hidden="true" style=${`color: ${colour}`}>━</span> ${label}</span>`,
    )}</figcaption>
    <details><summary>Numbers</summary><table>
      <thead><tr><th scope="col">Å</th><th scope="col">particles</th><th scope="col">map</th></tr></thead>
      <tbody>${rings.map(
        ({ resolution, particles, map }) =>
          html`<tr><td>${resolution.toFixed(1)}</td><td>${particles.toFixed(3)}</td><td>${map?.toFixed(3) ?? ""}</td></tr>`,
      )}</tbody>
    </table></details>
  </figure>`;
}
