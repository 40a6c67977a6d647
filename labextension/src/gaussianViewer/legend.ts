import { styleMap } from "lit/directives/style-map.js";
import { html, type TemplateResult } from "lit/html.js";
import type { Legend } from "./colours.js";

/** What the colours in the picture mean. */
export function legendTemplate(legends: readonly Legend[]): TemplateResult {
  return html`<div class="e2gmm-legend">${legends.map(legendEntry)}</div>`;
}

function legendEntry(legend: Legend): unknown {
  if (legend.kind === "key") {
    return legend.entries.map(
      ({ colour, text }) =>
        html`<div class="e2gmm-row">
          <span class="e2gmm-swatch" style=${styleMap({ background: colour })}></span>${text}
        </div>`,
    );
  }
  const { title, scale, low, high } = legend;
  const ends = [low, (low + high) / 2, high].map((value) => Number(value.toPrecision(2)));
  return html`
    <div>${title}</div>
    <div
      class="e2gmm-colourbar"
      style=${styleMap({ background: `linear-gradient(to right, ${scale.join(", ")})` })}
    ></div>
    <div class="e2gmm-ends">${ends.map((value) => html`<span>${value}</span>`)}</div>
  `;
}
