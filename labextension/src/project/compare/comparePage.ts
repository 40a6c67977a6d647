import { ref } from "lit/directives/ref.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, choices, keepKey, select } from "../../controls.js";
import type { CompareModel, Comparison, Side } from "./compareModel.js";
import { beginDrag, canvasSize, drawScatter } from "./pairCanvas.js";

const sides = ["first", "second"] as const;

/** Two runs side by side; nothing before two were compared. */
export function comparePage(model: CompareModel): TemplateResult | typeof nothing {
  const { shown, status } = model;
  if (!shown && status === "") return nothing;
  return html`<section class="e2gmm-compare" aria-label="Two runs side by side">
    <div class="e2gmm-project-head"><h2>Two runs side by side</h2>${button("Close", "Close the comparison", () => model.close())}</div>
    <p role="status">${status}</p>
    ${shown ? content(model, shown) : nothing}
  </section>`;
}

function content(model: CompareModel, shown: Comparison): TemplateResult {
  const drawn = shown.shown < shown.common ? `, of which ${shown.shown.toLocaleString("en")} are drawn` : "";
  return html`<p>${shown.common.toLocaleString("en")} particles are in both${drawn}. Colours in both scatters are those of the place along z${model.axes.first[0] + 1} of the first run.</p>
    <div class="e2gmm-compare-sides">${sides.map((side) => sideOf(model, shown, side))}</div>
    <p class="e2gmm-compare-selection" role="status">${model.summary}
      ${model.selected.includes(1) ? button("Clear", "Select nothing", () => model.clear()) : nothing}</p>
    ${correlations(shown)} ${differences(shown)}`;
}

function sideOf(model: CompareModel, shown: Comparison, side: Side): TemplateResult {
  const { folder, particles, axes, evidence } = shown[side];
  const options = Array.from({ length: axes }, (_, d) => [String(d), `z${d + 1}`] as const);
  const axis = (at: 0 | 1) =>
    select(
      choices(options, String(model.axes[side][at])),
      (value) => model.setAxis(side, at, Number(value)),
      {
        label: `${at === 0 ? "Horizontal" : "Vertical"} axis of the ${side} run`,
      },
    );
  const draw = (element: Element | undefined) => {
    if (element) drawScatter(element as HTMLCanvasElement, model, side);
  };
  return html`<figure aria-label=${`The ${side} run, ${folder}`}>
    <figcaption><b>${folder}</b>
      <span>${particles.toLocaleString("en")} particles, ${axes} ${axes === 1 ? "axis" : "axes"}</span>
      <span>${evidence?.sentence ?? "no evidence was measured"}</span>
    </figcaption>
    <canvas
      ${ref(draw)}
      role="img"
      aria-label=${`Particles of ${folder} over z${model.axes[side][0] + 1} and z${model.axes[side][1] + 1}; drag to select, or type a range below`}
      style=${`width: ${canvasSize.width}px; height: ${canvasSize.height}px`}
      @pointerdown=${(event: PointerEvent) => beginDrag(event, model, side)}
    ></canvas>
    <div class="e2gmm-compare-axes">across ${axis(0)} up ${axis(1)} ${rangeForm(model, side)}</div>
  </figure>`;
}

/** A range along the horizontal axis, for those who do not drag. */
function rangeForm(model: CompareModel, side: Side): TemplateResult {
  const input = (name: string) =>
    html`<input type="number" step="any" name=${name} required aria-label=${`Select in the ${side} run ${name}`} @keydown=${keepKey} />`;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const everything = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
    model.select(side, [Number(data.get("from")), Number(data.get("to"))], everything);
  };
  return html`<form @submit=${submit}>from ${input("from")} to ${input("to")}
    <button type="submit" class="jp-Button jp-mod-styled jp-mod-minimal" title=${`Select this range of the horizontal axis of the ${side} run`}>Select</button></form>`;
}

function correlations({ correlations: table, canonical }: Comparison): TemplateResult {
  return html`<table class="e2gmm-compare-table">
    <caption>Correlation of places: axes of the first run down, of the second across</caption>
    <thead><tr><td></td>${table[0]?.map((_, e) => html`<th scope="col">z${e + 1}</th>`)}</tr></thead>
    <tbody>${table.map(
      (row, d) =>
        html`<tr><th scope="row">z${d + 1}</th>${row.map((r) => html`<td>${r === null ? "–" : r.toFixed(2)}</td>`)}</tr>`,
    )}</tbody>
  </table>
  <p>Canonical correlations: <b>${canonical.length === 0 ? "none" : canonical.map((r) => r.toFixed(2)).join(", ")}</b>
    <small>1 for each direction that one space tells of the other, whatever its axes; 0 for none</small></p>`;
}

function differences({ differences: found }: Comparison): TemplateResult {
  if (found.length === 0) return html`<p>The settings of both are the same.</p>`;
  return html`<div class="e2gmm-project-table"><table class="e2gmm-compare-table e2gmm-compare-settings">
    <caption>Settings that differ</caption>
    <thead><tr><th scope="col">Setting</th><th scope="col">First</th><th scope="col">Second</th></tr></thead>
    <tbody>${found.map(
      ({ name, first, second }) =>
        html`<tr><th scope="row">${name}</th><td>${first || "–"}</td><td>${second || "–"}</td></tr>`,
    )}</tbody>
  </table></div>`;
}
