import { ref } from "lit/directives/ref.js";
import { html, type TemplateResult } from "lit/html.js";
import { choices, labelled, select } from "../controls.js";
import { drawPixels } from "./drawPixels.js";
import { rangeField } from "./rangeField.js";
import { type AxisIndex, axisNames, type SliceModel } from "./sliceModel.js";

/** One plane of a map with its controls. */
export function sliceTemplate(model: SliceModel): TemplateResult {
  const draw = (canvas: Element | undefined) => {
    if (!canvas) return;
    const { pixels, plane } = model.picture;
    drawPixels(canvas as HTMLCanvasElement, pixels, plane);
  };
  return html`<div class="e2gmm-fileViewer-toolbar" role="toolbar" aria-label="Slice">
      ${labelled(
        "Slice",
        select(
          choices(
            axisNames.map((name, axis) => [String(axis), name] as const),
            String(model.axis),
          ),
          (axis) => {
            model.axis = Number(axis) as AxisIndex;
          },
          { label: "Axis across the slice" },
        ),
      )}
      ${rangeField({
        label: "Slice",
        min: 1,
        max: model.count,
        step: 1,
        value: model.index + 1,
        onInput: (number) => {
          model.index = number - 1;
        },
      })}
      ${labelled(
        "± σ",
        rangeField({
          label: "Contrast in standard deviations",
          min: 1,
          max: 12,
          step: 0.25,
          value: model.contrast,
          onInput: (deviations) => {
            model.contrast = deviations;
          },
        }),
      )}
    </div>
    <div class="e2gmm-mapViewer-picture"><canvas role="img" aria-label=${model.caption} ${ref(draw)}></canvas></div>
    <div class="e2gmm-mapViewer-caption" role="status">${model.caption}</div>`;
}
