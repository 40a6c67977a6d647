import type { MapSlice } from "e2gmm/messages/gaussianViewer";
import { html, type TemplateResult } from "lit/html.js";
import { checkbox, choice, slider } from "../controls.js";
import type { ViewerAccess } from "../viewerState.js";
import { section } from "./section.js";

/** The plane through a map that is shown. */
export function sliceSection(viewer: ViewerAccess): TemplateResult {
  const slice = viewer.read("slice");
  const change = (changed: Partial<MapSlice>) =>
    viewer.change({ slice: { ...viewer.read("slice"), ...changed } });
  const names = viewer.read("maps").map((map) => map.read("name"));
  return section(
    "Slice",
    { open: false },
    html`
      ${checkbox("shown", slice.visible, (visible) => change({ visible }))}
      <div class="e2gmm-row">
        ${choice({
          label: "Map of the slice",
          options: [["", "decoded density"], ...names.map((name) => [name, name] as const)],
          value: slice.map,
          onChange: (map) => change({ map }),
        })}
        ${choice({
          label: "Axis across the slice",
          options: [
            ["x", "across x"],
            ["y", "across y"],
            ["z", "across z"],
          ],
          value: slice.axis,
          onChange: (axis) => change({ axis }),
        })}
      </div>
      ${slider({
        text: "Position",
        min: 0,
        max: 1,
        step: 0.005,
        value: slice.position,
        format: (fraction) => `${Math.round(100 * fraction)} %`,
        onInput: (position) => change({ position }),
      })}
    `,
  );
}
