import { dashes } from "e2gmm/display/theme";
import type { EpochState, SetState } from "e2gmm/messages/explorer";
import { drawn, element } from "../dom.js";
import { type Series, ticksOf } from "./chart.js";
import { drawChart } from "./chartView.js";

function legend(series: readonly Series[]): HTMLElement {
  return element(
    "ul",
    { class: "e2gmm-explorer-legend" },
    ...series.map(({ label, colour, dash }) => {
      const line = drawn("line", { x1: 0, x2: 22, y1: 4, y2: 4, "stroke-width": 2.5 });
      line.style.stroke = colour;
      if (dash) line.setAttribute("stroke-dasharray", dash);
      const swatch = drawn("svg", { class: "e2gmm-explorer-swatch", width: 22, height: 8 }, line);
      return element("li", {}, swatch, label);
    }),
  );
}

/** FSC curves of the sets that have a map; undefined where none has. */
export function fscCurves(sets: readonly SetState[]): HTMLElement | undefined {
  const series = sets.flatMap(({ name, colour, marker, map }): Series[] =>
    map?.status === "done" && map.fsc
      ? [
          {
            label: name,
            colour,
            dash: dashes[marker],
            points: map.fsc.frequency.map((f, i) => [f, map.fsc!.fsc[i]!] as const),
          },
        ]
      : [],
  );
  if (series.length === 0) return undefined;
  const most = Math.max(...series.flatMap(({ points }) => points.map(([frequency]) => frequency)));
  const chart = drawChart(series, {
    title: "FSC between half maps",
    x: {
      title: "Resolution (Å)",
      format: (frequency) => (frequency > 0 ? (1 / frequency).toPrecision(2) : "∞"),
      ticks: ticksOf({ low: 0, high: most }, 4).slice(1),
      range: { low: 0, high: most },
    },
    y: {
      title: "FSC",
      range: { low: Math.min(0, ...series.flatMap(({ points }) => points.map((p) => p[1]))), high: 1 },
    },
    threshold: 0.143,
  });
  return element("figure", { class: "e2gmm-explorer-curves" }, chart, legend(series));
}

/** Training curves of the start that went on; undefined before the first epoch has ended. */
export function trainingCurves(history: readonly EpochState[]): HTMLElement | undefined {
  const last = history.at(-1);
  if (!last) return undefined;
  const kept = history.filter(({ start }) => start === last.start);
  const of = (key: "trainFrc" | "heldOutFrc") => kept.map((epoch) => [epoch.epoch, epoch[key]] as const);
  const series: Series[] = [
    { label: `trained on ${last.trainFrc.toFixed(3)}`, colour: "#56b4e9", points: of("trainFrc") },
    { label: `held out ${last.heldOutFrc.toFixed(3)}`, colour: "#d55e00", points: of("heldOutFrc") },
  ];
  const range = { low: Math.min(1, last.epoch - 1), high: Math.max(last.epoch, 2) };
  const chart = drawChart(series, {
    title: "Training: mean FRC",
    x: { title: "Epoch", format: String, ticks: ticksOf(range, 6).filter(Number.isInteger), range },
    y: { title: "FRC" },
  });
  return element("figure", { class: "e2gmm-explorer-curves" }, chart, legend(series));
}
