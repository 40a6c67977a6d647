import type { Colouring, DisplacementOrigin } from "e2gmm/messages/gaussianViewer";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { checkbox, choice, slider } from "../controls.js";
import type { ViewerAccess } from "../viewerState.js";
import { section } from "./section.js";

const colourings: readonly (readonly [Colouring, string])[] = [
  ["displacement", "displacement"],
  ["amplitude", "amplitude"],
  ["amplitude change", "amplitude change"],
  ["region", "region"],
  ["free", "free or fixed"],
  ["none", "one colour"],
];

const origins: readonly (readonly [DisplacementOrigin, string])[] = [
  ["neutral", "neutral model"],
  ["mean", "mean state"],
];

function originField(viewer: ViewerAccess): TemplateResult {
  return html`<label class="e2gmm-field">
    Displaced from
    ${choice({
      label: "State from which displacements are counted",
      options: origins,
      value: viewer.read("displacementFrom"),
      onChange: (displacementFrom) => viewer.change({ displacementFrom }),
    })}
  </label>`;
}

/** How the Gaussians are drawn. */
export function gaussiansSection(viewer: ViewerAccess): TemplateResult {
  const hasMean = viewer.read("mean").length > 0;
  const hasSecond = viewer.read("second").length > 0;
  return section(
    "Gaussians",
    { open: true },
    html`
      ${checkbox("shown", viewer.read("spheresVisible"), (spheresVisible) => viewer.change({ spheresVisible }))}
      <label class="e2gmm-field">
        Colour
        ${choice({
          label: "Colour of the Gaussians",
          options: colourings,
          value: viewer.read("colourBy"),
          onChange: (colourBy) => viewer.change({ colourBy }),
        })}
      </label>
      ${hasMean ? originField(viewer) : nothing}
      ${slider({
        text: "Radius",
        min: 0.2,
        max: 3,
        step: 0.05,
        value: viewer.read("sphereScale"),
        format: (sigmas) => `${sigmas.toFixed(2)} σ`,
        onInput: (sphereScale) => viewer.change({ sphereScale }),
      })}
      ${
        hasSecond
          ? checkbox("second state", viewer.read("secondVisible"), (secondVisible) =>
              viewer.change({ secondVisible }),
            )
          : nothing
      }
    `,
  );
}
