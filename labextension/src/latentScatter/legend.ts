import { guard } from "lit/directives/guard.js";
import { styleMap } from "lit/directives/style-map.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button } from "../controls.js";
import { colourRange } from "./range/colourRange.js";
import type { ScatterViewModel } from "./scatterViewModel.js";
import type { Colouring, ScatterCategory } from "./snapshot.js";

/** What the colours mean. A click on a category hides its particles or shows them again; a range of numbers hides those outside. */
export function legend(model: ScatterViewModel): TemplateResult {
  const { colouring, hidden, colourNumbers, colourRange } = model.state;
  return html`<div class="e2gmm-scatter-legend" ?hidden=${colouring.kind === "none"}>${guard(
    [colouring, hidden, colourNumbers, colourRange],
    () => content(model, colouring, hidden),
  )}</div>`;
}

function content(model: ScatterViewModel, colouring: Colouring, hidden: readonly string[]): unknown {
  switch (colouring.kind) {
    case "none":
      return nothing;
    case "number":
      return colourRange(model, colouring);
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
