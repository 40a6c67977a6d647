import { live } from "lit/directives/live.js";
import { html, noChange, type TemplateResult } from "lit/html.js";
import { keepKey } from "../controls.js";
import { shortNumber } from "./geometry.js";
import type { ScatterViewModel } from "./scatterViewModel.js";
import type { ProbeSlider } from "./snapshot.js";

/** Sliders that move the probe along dimensions that the axes do not show. */
export function sliders(model: ScatterViewModel): TemplateResult {
  const { sliders, sliderValues } = model.state;
  return html`<div
    class="e2gmm-scatter-sliders"
    role="group"
    aria-label="Probe along other dimensions"
    ?hidden=${sliders.length === 0}
  >${sliders.map((one, i) => slider(model, one, sliderValues[i]))}</div>`;
}

function slider(
  model: ScatterViewModel,
  { name, title, low, high }: ProbeSlider,
  value: number | undefined,
): TemplateResult {
  const isHeld = model.heldSlider === name;
  // The value comes after the range that limits it
  return html`<label class="e2gmm-scatter-slider" title=${title}
    ><span>${name}</span
    ><input
      type="range"
      aria-label="Probe along ${title}"
      min=${low}
      max=${high}
      step=${(high - low) / 200}
      .value=${isHeld || value === undefined ? noChange : live(String(value))}
      @input=${(event: Event) => model.moveProbe({ [name]: (event.target as HTMLInputElement).valueAsNumber })}
      @pointerdown=${() => model.holdSlider(name)}
      @pointerup=${() => model.holdSlider(undefined)}
      @pointercancel=${() => model.holdSlider(undefined)}
      @keydown=${keepKey}
    /><span class="e2gmm-scatter-slider-value">${value === undefined ? "" : shortNumber(value)}</span
  ></label>`;
}
