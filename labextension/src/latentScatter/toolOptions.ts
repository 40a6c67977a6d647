import { html, nothing, type TemplateResult } from "lit/html.js";
import { keepKey, unlessFocused } from "../controls.js";
import { iconButton } from "./iconButton.js";
import type { ScatterViewModel } from "./scatterViewModel.js";

/** Fields and buttons of the tool that is in use. */
export function toolOptions(model: ScatterViewModel): TemplateResult | typeof nothing {
  if (model.threeAxes) return nothing;
  switch (model.tool) {
    case "radius":
      return options([
        "radius",
        field(model, {
          ...{ label: "Radius", integer: false, value: model.radiusText },
          onInput: (text) => model.typeRadius(text),
        }),
        around(model),
      ]);
    case "nearest":
      return options([
        "nearest",
        field(model, {
          ...{ label: "Number of particles", integer: true, value: model.numberText },
          onInput: (text) => model.typeNumber(text),
        }),
        around(model),
      ]);
    case "path":
      return options([
        "stations",
        field(model, {
          ...{ label: "Stations", integer: true, value: String(model.state.stationCount) },
          onInput: (text) => model.setStations(text),
        }),
        iconButton("anchor", "Add an anchor at the probe", () => model.addAnchorAtProbe()),
        iconButton("undo", "Remove the last anchor", () => model.changeAnchors("undo")),
        iconButton("clear", "Remove the path", () => model.changeAnchors("clear")),
      ]);
    default:
      return nothing;
  }
}

function options(content: unknown): TemplateResult {
  return html`<span class="e2gmm-scatter-options">${content}</span>`;
}

function around(model: ScatterViewModel): TemplateResult {
  return iconButton("probe", "Select around the probe", () => model.selectAroundProbe(), {
    words: "around the probe",
  });
}

interface FieldOptions {
  label: string;
  integer: boolean;
  value: string;
  onInput: (text: string) => void;
}

function field(model: ScatterViewModel, { label, integer, value, onInput }: FieldOptions): TemplateResult {
  return html`<input
    type="number"
    class="e2gmm-scatter-number"
    aria-label=${label}
    step=${integer ? "1" : "any"}
    min=${integer ? 1 : 0}
    .value=${unlessFocused(value)}
    @input=${(event: Event) => onInput((event.target as HTMLInputElement).value)}
    @blur=${() => model.changed()}
    @keydown=${keepKey}
  />`;
}
