import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import { html, type TemplateResult } from "lit/html.js";
import * as controls from "../../controls.js";
import { button, checkbox, choice, numberField, slider } from "../controls.js";
import { type MapAccess, mapsOf, type ViewerAccess } from "../viewerState.js";
import { section } from "./section.js";

/** How the decoded density and the maps are drawn. @param morph the controls of the morph */
export function mapsSection(viewer: ViewerAccess, morph: TemplateResult): TemplateResult {
  return section(
    "Density and maps",
    { open: true },
    html`<div class="e2gmm-maps">
      ${repeat(
        mapsOf(viewer),
        (map) => map.model_id,
        (map) => mapRows(viewer, map),
      )}
      ${morph}
      ${checkbox("outlines of opaque surfaces", viewer.read("outlines"), (outlines) => viewer.change({ outlines }))}
    </div>`,
  );
}

const colourings = [
  ["own colour", "its colour"],
  ["displacement", "displacement"],
] as const;
const byResolution = ["local resolution", "local resolution"] as const;

/** Shows one map, opaque, and nothing else. */
function showOnly(viewer: ViewerAccess, map: MapAccess): void {
  for (const other of mapsOf(viewer)) {
    if (other !== map && other.read("visible")) other.change({ visible: false });
  }
  map.change({ visible: true, opacity: 1 });
  viewer.change({ spheresVisible: false });
}

/** One map: whether it is shown, its colour, its level in σ and in its own units, its opacity, what of it counts as dust. */
function mapRows(viewer: ViewerAccess, map: MapAccess): TemplateResult {
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
      ${button("Only", `Show only ${name}, opaque`, () => showOnly(viewer, map))}
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
    ${slider({
      text: "Dust",
      min: 0,
      max: Math.max(50, Math.ceil(map.read("dust"))),
      step: 1,
      value: map.read("dust"),
      format: (length) => (length > 0 ? `< ${Math.round(length)} Å` : "shown"),
      onInput: (dust) => map.change({ dust }),
      hidden: !visible,
    })}
    <label class="e2gmm-field" ?hidden=${!visible}>
      Colour
      ${choice({
        label: `Colouring of ${name}`,
        options: map.read("resolvable") ? [...colourings, byResolution] : colourings,
        value: map.read("colourBy"),
        onChange: (colourBy) => map.change({ colourBy }),
      })}
    </label>
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
