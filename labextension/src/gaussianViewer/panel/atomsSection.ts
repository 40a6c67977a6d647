import { html, type TemplateResult } from "lit/html.js";
import { checkbox } from "../controls.js";
import type { ViewerAccess } from "../viewerState.js";
import { section } from "./section.js";

/** Whether the atomic model is drawn; hidden without one. */
export function atomsSection(viewer: ViewerAccess): TemplateResult {
  const hidden = viewer.read("atoms").length === 0;
  return section(
    "Atomic model",
    { open: true, hidden },
    html`
      ${checkbox("shown", viewer.read("atomsVisible"), (atomsVisible) => viewer.change({ atomsVisible }))}
      <p class="e2gmm-note">${viewer.read("atomName")}: its backbone, carried by the Gaussians.</p>
    `,
  );
}
