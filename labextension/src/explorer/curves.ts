import { dashes } from "e2gmm/display/theme";
import type { EpochState, SetState } from "e2gmm/messages/explorer";
import { ifDefined } from "lit/directives/if-defined.js";
import { styleMap } from "lit/directives/style-map.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { type Series, ticksOf } from "./chart.js";
import { type ChartAxes, lineChart } from "./chartView.js";

/** FSC curves of the sets that have a map; nothing if no set has one. */
export function fscCurves(sets: readonly SetState[]): TemplateResult | typeof nothing {
  const series = sets.flatMap(({ name, colour, marker, map }): Series[] => {
    if (map?.status !== "done" || !map.fsc) return [];
    const { frequency, fsc } = map.fsc;
    return [
      { label: name, colour, dash: dashes[marker], points: frequency.map((f, i) => [f, fsc[i]!] as const) },
    ];
  });
  if (series.length === 0) return nothing;
  const maxFrequency = Math.max(...series.flatMap(({ points }) => points.map(([frequency]) => frequency)));
  return chartWithLegend(series, {
    title: "FSC between half maps",
    x: {
      title: "Resolution (Å)",
      format: (frequency) => (frequency > 0 ? (1 / frequency).toPrecision(2) : "∞"),
      ticks: ticksOf({ low: 0, high: maxFrequency }, 4).slice(1),
      range: { low: 0, high: maxFrequency },
    },
    y: {
      title: "FSC",
      range: { low: Math.min(0, ...series.flatMap(({ points }) => points.map((p) => p[1]))), high: 1 },
    },
    threshold: 0.143,
  });
}

/**
 * Mean FRC of each epoch on the training and the validation particles, for the start that was continued; nothing before
 * the first epoch has ended.
 */
export function trainingCurves(history: readonly EpochState[]): TemplateResult | typeof nothing {
  const last = history.at(-1);
  if (!last) return nothing;
  const kept = history.filter(({ start }) => start === last.start);
  const of = (key: "trainFrc" | "heldOutFrc") => kept.map((epoch) => [epoch.epoch, epoch[key]] as const);
  const series: Series[] = [
    { label: `training ${last.trainFrc.toFixed(3)}`, colour: "#56b4e9", points: of("trainFrc") },
    { label: `validation ${last.heldOutFrc.toFixed(3)}`, colour: "#d55e00", points: of("heldOutFrc") },
  ];
  const range = { low: Math.min(1, last.epoch - 1), high: Math.max(last.epoch, 2) };
  return chartWithLegend(series, {
    title: "Training: mean FRC",
    x: { title: "Epoch", format: String, ticks: ticksOf(range, 6).filter(Number.isInteger), range },
    y: { title: "FRC" },
  });
}

function chartWithLegend(series: readonly Series[], axes: ChartAxes): TemplateResult {
  return html`<figure class="e2gmm-explorer-curves">${lineChart(series, axes)}${legend(series)}</figure>`;
}

function legend(series: readonly Series[]): TemplateResult {
  return html`<ul class="e2gmm-explorer-legend">${series.map(
    ({ label, colour, dash }) =>
      html`<li
        ><svg class="e2gmm-explorer-swatch" width="22" height="8"
          ><line
            x1="0"
            x2="22"
            y1="4"
            y2="4"
            stroke-width="2.5"
            stroke-dasharray=${ifDefined(dash || undefined)}
            style=${styleMap({ stroke: colour })} /></svg
        >${label}</li>`,
  )}</ul>`;
}
