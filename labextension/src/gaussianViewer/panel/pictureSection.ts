import type { PictureStyle } from "e2gmm/messages/gaussianViewer";
import { html, type TemplateResult } from "lit/html.js";
import { checkbox, choice } from "../controls.js";
import type { ViewerAccess } from "../viewerState.js";
import { section } from "./section.js";

const scales = ["1", "2", "4", "8"].map((scale) => [scale, `${scale} × the screen`] as const);

/** How pictures are saved. */
export function pictureSection(viewer: ViewerAccess): TemplateResult {
  const picture = viewer.read("pictureStyle");
  const change = (changed: Partial<PictureStyle>) =>
    viewer.change({ pictureStyle: { ...picture, ...changed } });
  return section(
    "Picture",
    { open: false },
    html`
      <label class="e2gmm-field">
        Pixels
        ${choice({
          label: "Size of saved pictures",
          options: scales,
          value: String(picture.scale),
          onChange: (scale) => change({ scale: Number(scale) }),
        })}
      </label>
      ${checkbox("transparent background", picture.transparent, (transparent) => change({ transparent }))}
      ${checkbox("with legend and scale bar", picture.legend, (legend) => change({ legend }))}
    `,
  );
}
