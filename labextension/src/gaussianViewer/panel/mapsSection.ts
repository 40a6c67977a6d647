import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import { html, type TemplateResult } from "lit/html.js";
import * as controls from "../../controls.js";
import { numberField, slider } from "../controls.js";
import { type MapAccess, mapsOf, type ViewerAccess } from "../viewerState.js";
import { section } from "./section.js";

/** How the decoded density and the maps are drawn. */
export function mapsSection(viewer: ViewerAccess): TemplateResult {
  return section(
    "Density and maps",
    { open: true },
    html`<div class="e2gmm-maps">${repeat(mapsOf(viewer), (map) => map.model_id, mapRows)}</div>`,
  );
}

/** One map: whether it is shown, its colour, its level in σ and in its own units, its opacity. */
function mapRows(map: MapAccess): TemplateResult {
  const [name, visible, note, level] = [
    map.read("name"),
    map.read("visible"),
    map.read("note"),
    map.read("level"),
  ];
  return html`<div class="e2gmm-map">
    <div class="e2gmm-row">
      ${controls.checkbox(
        name,
        visible,
        (checked) => map.change({ visible: checked }),
        "e2gmm-check e2gmm-map-name",
      )}
      <input
        type="color"
        class="e2gmm-colour"
        aria-label="Colour of ${name}"
        .value=${live(map.read("colour"))}
        @input=${(event: Event) => map.change({ colour: (event.target as HTMLInputElement).value })}
      />
    </div>
    <div class="e2gmm-row">
      ${levelSlider(map)}
      ${numberField({
        label: `Level of ${name} in the units of the map`,
        value: level,
        onChange: (value) => map.change({ level: value }),
        hidden: !visible,
      })}
    </div>
    ${slider({
      text: "Opacity",
      min: 0.1,
      max: 1,
      step: 0.05,
      value: map.read("opacity"),
      format: (fraction) => `${Math.round(100 * fraction)} %`,
      onInput: (opacity) => map.change({ opacity }),
      hidden: !visible,
    })}
    <p class="e2gmm-note" ?hidden=${!note || !visible}>${sentence(note)}</p>
  </div>`;
}

function levelSlider(map: MapAccess): TemplateResult {
  const [mean, sigma] = [map.read("mean"), map.read("sigma")];
  const inSigma = (value: number) => (sigma > 0 ? (value - mean) / sigma : 0);
  const level = inSigma(map.read("level"));
  return slider({
    text: "Level",
    min: Math.floor(Math.min(0, inSigma(map.read("low")), level)),
    max: Math.ceil(Math.max(1, inSigma(map.read("high")), level)),
    step: 0.05,
    value: level,
    format: (sigmas) => `${sigmas.toFixed(1)} σ`,
    onInput: (sigmas) => map.change({ level: mean + sigmas * sigma }),
    hidden: !map.read("visible"),
  });
}

function sentence(note: string): string {
  return note ? `${note[0]!.toUpperCase()}${note.slice(1)}.` : "";
}
