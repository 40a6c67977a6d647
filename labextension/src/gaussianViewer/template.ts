import { styleMap } from "lit/directives/style-map.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Axis } from "../stage/geometry.js";
import { button } from "./controls.js";
import { legendTemplate } from "./legend.js";
import { type PanelActions, panelTemplate } from "./panel/panel.js";
import { type PlayerActions, playerTemplate } from "./player/playerTemplate.js";
import { sideTitles } from "./sides.js";
import type { GaussianViewerViewModel, ScaleBar } from "./viewModel.js";

/** What the buttons do to the 3-D view and the page. */
export interface ViewerActions extends PlayerActions, PanelActions {
  look(axis: Axis): void;
  fit(): void;
  savePicture(): void;
  toggleFullScreen(): void;
}

/** A viewer. NGL fills `.e2gmm-stage`. */
export function viewerTemplate(model: GaussianViewerViewModel, actions: ViewerActions): TemplateResult {
  const body = [
    "e2gmm-body",
    model.panelShown ? "" : "e2gmm-no-panel",
    model.hasNoWebGl ? "e2gmm-no-webgl" : "",
  ];
  return html`
    ${toolbar(model, actions)}
    <div class=${body.join(" ").trim()}>
      <div class="e2gmm-picture">
        <div class="e2gmm-stages">
          <div class="e2gmm-stage e2gmm-mod-left" ?hidden=${!model.showsTwo}></div>
          <div class="e2gmm-stage e2gmm-mod-main">
            <div class="e2gmm-brushes"></div>
            <div class="e2gmm-handles" role="group" aria-label="Handles of the region"></div>
          </div>
        </div>
        ${model.showsTwo ? titles(model) : nothing}
        ${legendTemplate(model.legends)} ${scaleBar(model.scaleBar)}
      </div>
      ${panelTemplate(model, actions)}
    </div>
    ${playerTemplate(model.player, actions)}
    <div class="e2gmm-status" role="status">${model.status}</div>
  `;
}

/** The sign for full screen; corners alone, without arrows, look like the box of a missing character. */
const arrowsOut = html`<svg viewBox="0 0 16 16" class="e2gmm-icon" aria-hidden="true"
  ><path d="M9.5 2H14v4.5M14 2L9.3 6.7M6.5 14H2V9.5M2 14l4.7-4.7"
/></svg>`;

function toolbar(model: GaussianViewerViewModel, actions: ViewerActions): TemplateResult {
  return html`<div class="e2gmm-bar">
    <span class="e2gmm-title">${model.viewer.read("title") || "Gaussians"}</span>
    <span class="e2gmm-group">
      ${(["x", "y", "z"] as const).map((axis) => button(axis, `Look along ${axis}`, () => actions.look(axis)))}
      ${button("Fit", "Show the whole molecule", actions.fit)}
    </span>
    <span class="e2gmm-group">
      ${
        model.canShowTwo
          ? button(
              "Side by side",
              "Show two states or maps side by side, seen from the same direction",
              () => model.toggleSideBySide(),
              { pressed: model.showsTwo },
            )
          : nothing
      }
      ${button("PNG", "Save the picture", actions.savePicture)}
      ${button(arrowsOut, "Full screen", actions.toggleFullScreen)}
      ${button("Controls", "Show or hide the controls", () => model.showPanel(!model.panelShown), {
        expanded: model.panelShown,
      })}
    </span>
  </div>`;
}

function titles({ viewer }: GaussianViewerViewModel): TemplateResult {
  const { left, right } = sideTitles(viewer);
  return html`<div class="e2gmm-sides"><span>${left}</span><span>${right}</span></div>`;
}

function scaleBar({ text, width }: ScaleBar): TemplateResult {
  return html`<div class="e2gmm-scalebar" style=${styleMap({ width: `${width}px` })}>${text || nothing}</div>`;
}
