import { html, type TemplateResult } from "lit/html.js";
import { button } from "../controls.js";
import type { ViewerAccess } from "../viewerState.js";
import { arrowsSection } from "./arrowsSection.js";
import { atomsSection } from "./atomsSection.js";
import { gaussiansSection } from "./gaussiansSection.js";
import { mapsSection } from "./mapsSection.js";
import { pictureSection } from "./pictureSection.js";
import type { RegionModel } from "./regionModel.js";
import { regionSection } from "./regionSection.js";
import { sliceSection } from "./sliceSection.js";

/** The controls beside the picture. @param close called by the button that a narrow view has for it */
export function panelTemplate(viewer: ViewerAccess, region: RegionModel, close: () => void): TemplateResult {
  return html`<div class="e2gmm-panel">
    <div class="e2gmm-panel-head">Controls ${button("✕", "Close the controls", close)}</div>
    ${gaussiansSection(viewer)} ${arrowsSection(viewer)} ${mapsSection(viewer)} ${atomsSection(viewer)} ${sliceSection(viewer)}
    ${pictureSection(viewer)} ${regionSection(region)}
  </div>`;
}
