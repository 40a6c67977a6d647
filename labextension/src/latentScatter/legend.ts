import { guard } from "lit/directives/guard.js";
import { styleMap } from "lit/directives/style-map.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, keepKey, unlessFocused } from "../controls.js";
import { shortNumber } from "./geometry.js";
import type { ScatterViewModel } from "./scatterViewModel.js";
import type { Colouring, ScatterCategory } from "./snapshot.js";

/** What the colours mean. A click on a category hides its particles or shows them again. */
export function legend(model: ScatterViewModel): TemplateResult {
  const { colouring, hidden } = model.state;
  return html`<div class="e2gmm-scatter-legend" ?hidden=${colouring.kind === "none"}>${guard(
    [colouring, hidden, model.range.low, model.range.high],
    () => content(model, colouring, hidden),
  )}</div>`;
}

function content(model: ScatterViewModel, colouring: Colouring, hidden: readonly string[]): unknown {
  switch (colouring.kind) {
    case "none":
      return nothing;
    case "number":
      return html`${colourBar(colouring)} ${rangeFilter(model, colouring)}`;
    default:
      return html`<div class="e2gmm-scatter-legend-title">${colouring.name}</div>
        ${colouring.categories.map((one) => categoryButton(model, one, !hidden.includes(one.name)))}`;
  }
}

function categoryButton(
  model: ScatterViewModel,
  { name, colour, marker, count }: ScatterCategory,
  shown: boolean,
): TemplateResult {
  const words = html`<span
      class="e2gmm-scatter-swatch"
      data-marker=${marker}
      style=${styleMap({ backgroundColor: colour })}
    ></span
    ><span class="e2gmm-scatter-category-name">${name}</span
    ><span class="e2gmm-scatter-category-count">${count.toLocaleString("en")}</span>`;
  return button(
    words,
    `${shown ? "Hide" : "Show"} ${name} (alt: only this one)`,
    (event) => model.toggleCategory(name, event.altKey),
    { className: "e2gmm-scatter-category", pressed: shown },
  );
}

function colourBar({ title, low, high }: Extract<Colouring, { kind: "number" }>): TemplateResult {
  const numbers = [high, (low + high) / 2, low];
  return html`<div class="e2gmm-scatter-legend-title">${title}</div>
    <div class="e2gmm-scatter-bar">
      <div class="e2gmm-scatter-ramp"></div>
      <div class="e2gmm-scatter-bar-numbers">${numbers.map((value) => html`<span>${shortNumber(value)}</span>`)}</div>
    </div>`;
}

/** Fields of a range of the numbers that colour the particles, and what selects these. */
function rangeFilter(
  model: ScatterViewModel,
  { title, low, high }: Extract<Colouring, { kind: "number" }>,
): TemplateResult {
  const field = (end: "low" | "high", name: string, hint: number) => html`<input
    type="number"
    step="any"
    class="e2gmm-scatter-number"
    aria-label="${title}: ${name}"
    placeholder=${shortNumber(hint)}
    .value=${unlessFocused(model.range[end])}
    @input=${(event: Event) => model.typeRange(end, (event.target as HTMLInputElement).value)}
    @keydown=${(event: KeyboardEvent) => {
      keepKey(event);
      if (event.key === "Enter") model.selectRange();
    }}
  />`;
  return html`<div class="e2gmm-scatter-range" role="group" aria-label="Range of ${title}">
    ${field("low", "from", low)}–${field("high", "to", high)}${button(
      "Select",
      "Select the particles in this range; an empty field is no end",
      () => model.selectRange(),
      { className: "e2gmm-scatter-button" },
    )}
  </div>`;
}
