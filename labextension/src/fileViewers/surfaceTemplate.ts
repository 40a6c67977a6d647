import { live } from "lit/directives/live.js";
import { html, type TemplateResult } from "lit/html.js";
import { button, labelled } from "../controls.js";
import { numberField } from "../numberField.js";
import type { Axis } from "../stage/geometry.js";
import { formatNumber } from "./headerText.js";
import type { SurfaceModel } from "./surfaceModel.js";

/** What the buttons do to the 3-D view. */
export interface SurfaceActions {
  look(axis: Axis): void;
  fit(): void;
  fullScreen(): void;
  savePicture(): void;
}

/** A surface and its controls. NGL fills `.e2gmm-mapViewer-stage`. */
export function surfaceTemplate(model: SurfaceModel, actions: SurfaceActions): TemplateResult {
  const look = (axis: Axis) => {
    const name = axis.toUpperCase();
    return button(name, `Look along ${name} (key ${axis})`, () => actions.look(axis));
  };
  return html`<div class="e2gmm-fileViewer-toolbar" role="toolbar" aria-label="Surface">
      ${labelled("Level", levelSlider(model))}
      ${labelled(
        "σ",
        numberField({
          label: "Level in standard deviations",
          text: model.sigma.toFixed(2),
          step: 0.1,
          onChange: (sigma) => model.setSigma(sigma),
        }),
      )}
      ${labelled(
        "absolute",
        numberField({
          label: "Level in the map's units",
          text: formatNumber(model.level),
          onChange: (level) => model.setLevel(level),
        }),
      )}
      ${labelled("Colour", colourField(model))}
      <span class="e2gmm-fileViewer-label">Look along ${look("x")} ${look("y")} ${look("z")}</span>
      ${button("Fit", "Show the whole surface", actions.fit)}
      ${button("Full screen", "Show the surface on the whole screen", actions.fullScreen)}
      ${button("PNG", "Save the picture", actions.savePicture)}
    </div>
    <div class="e2gmm-mapViewer-stage">
      <p class="e2gmm-mapViewer-words" role="status" ?hidden=${model.message === undefined}>${model.message}</p>
    </div>`;
}

function levelSlider(model: SurfaceModel): TemplateResult {
  const { min, max } = model.sliderRange;
  const set = (quick: boolean) => (event: Event) =>
    model.setSigma((event.target as HTMLInputElement).valueAsNumber, quick);
  return html`<input
    type="range"
    aria-label="Level in standard deviations"
    min=${min}
    max=${max}
    step="any"
    aria-valuetext=${`${model.sigma.toFixed(2)} σ`}
    .value=${live(String(model.sigma))}
    @input=${set(true)}
    @change=${set(false)}
  />`;
}

function colourField(model: SurfaceModel): TemplateResult {
  const set = (quick: boolean) => (event: Event) =>
    model.setColour((event.target as HTMLInputElement).value, quick);
  return html`<input
    type="color"
    aria-label="Colour of the surface"
    .value=${live(model.colour)}
    @input=${set(true)}
    @change=${set(false)}
  />`;
}
