import { html, type TemplateResult } from "lit/html.js";
import { keepKey } from "../controls.js";
import { numberField } from "../numberField.js";
import type { ScatterViewModel } from "./scatterViewModel.js";

/** The latent coordinates of the probe, which can be typed, and how far the molecule moves there. */
export function ring(model: ScatterViewModel): TemplateResult {
  const { probe, probeNote } = model.state;
  return html`<div class="e2gmm-scatter-ring" role="group" aria-label="Ring" @keydown=${keepKey}>
    <span>ring</span>${probe.map((value, d) => coordinate(model, d, value))}
    <span class="e2gmm-scatter-note">${probeNote}</span>
  </div>`;
}

function coordinate(model: ScatterViewModel, dimension: number, value: number): TemplateResult {
  const name = `z${dimension + 1}`;
  return html`<label class="e2gmm-scatter-label">${name}${numberField({
    label: `${name} of the ring`,
    text: hundredths(value),
    step: 0.1,
    onChange: (typed) => model.typeProbe(dimension, typed),
    className: "e2gmm-scatter-number",
  })}</label>`;
}

/** A coordinate with two decimals, and no sign of zero. */
function hundredths(value: number): string {
  const text = value.toFixed(2);
  return Number(text) === 0 ? "0.00" : text;
}
