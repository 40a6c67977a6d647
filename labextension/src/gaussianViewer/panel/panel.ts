import { html, type TemplateResult } from "lit/html.js";
import { button } from "../controls.js";
import type { GaussianViewerViewModel } from "../viewModel.js";
import { arrowsSection } from "./arrowsSection.js";
import { atomsSection } from "./atomsSection.js";
import { gaussiansSection } from "./gaussiansSection.js";
import { mapsSection } from "./mapsSection.js";
import { morphRows } from "./morphRows.js";
import { pictureSection } from "./pictureSection.js";
import { regionSection } from "./regionSection.js";
import { sliceSection } from "./sliceSection.js";

/** What buttons of the controls do outside them. */
export interface PanelActions {
  /** Closes the controls. */
  closePanel(): void;
  /** Records the morph. */
  saveMorph(): void;
}

/** The controls beside the picture. */
export function panelTemplate(
  { viewer, region, morph, player }: GaussianViewerViewModel,
  { closePanel, saveMorph }: PanelActions,
): TemplateResult {
  return html`<div class="e2gmm-panel">
    <div class="e2gmm-panel-head">Controls ${button("✕", "Close the controls", closePanel)}</div>
    ${gaussiansSection(viewer)} ${arrowsSection(viewer)} ${mapsSection(viewer, morphRows(morph, player, saveMorph))} ${atomsSection(viewer)} ${sliceSection(viewer)}
    ${pictureSection(viewer)} ${regionSection(region)}
  </div>`;
}
