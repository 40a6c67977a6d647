import { type Ref, ref } from "lit/directives/ref.js";
import { html, type TemplateResult } from "lit/html.js";
import { axisChoice } from "./axisChoices.js";
import type { Place } from "./geometry.js";
import { hoverCard } from "./hoverCard.js";
import type { HoverPointer } from "./hoverCardModel.js";
import { legend } from "./legend.js";
import { type OverlayInput, overlayTemplate } from "./overlay.js";
import { pairGrid, pairsButton } from "./pairs/pairGrid.js";
import { ring } from "./ring.js";
import type { ScatterViewModel } from "./scatterViewModel.js";
import { sliders } from "./sliders.js";
import { type ScatterFiles, toolbar } from "./toolbar.js";
import { toolOptions } from "./toolOptions.js";

/** Elements and listeners of one view. */
export interface ScatterParts {
  /** Holds the picture, overlay and card. */
  area: Ref<HTMLElement>;
  /** Belongs to plotly. */
  plot: Ref<HTMLElement>;
  /** Element of the overlay, whose box is the plot area. */
  overlay: Ref<SVGSVGElement>;
  /** Pointer and keys on the overlay. */
  input: OverlayInput;
  /** What the export buttons do. */
  files: ScatterFiles;
  /** The pointer has come into the area. */
  entered(): void;
}

/** The latent scatter: controls, picture and legend, sliders, status. */
export function scatterTemplate(model: ScatterViewModel, parts: ScatterParts): TemplateResult {
  const wheel = { handleEvent: (event: WheelEvent) => zoomByWheel(model, parts, event), passive: false };
  return html`${toolbar(model, parts.files)}
    <div class="e2gmm-scatter-axes">${axisChoice(model, "y")} ${pairsButton(model)} ${toolOptions(model)}</div>
    <div class="e2gmm-scatter-main">
      <div
        class="e2gmm-scatter-area"
        ${ref(parts.area as Ref)}
        @pointermove=${(event: PointerEvent) => hover(model, parts, event)}
        @pointerleave=${() => leave(model)}
        @pointerenter=${parts.entered}
        @wheel=${wheel}
      >
        <div class="e2gmm-scatter-plotly" ${ref(parts.plot as Ref)}></div>
        ${overlayTemplate(model, parts.overlay, parts.input)} ${hoverCard(model.card)}
        ${pairGrid(model)}
      </div>
      ${legend(model)}
    </div>
    <div class="e2gmm-scatter-axes e2gmm-mod-below">${axisChoice(model, "z")} ${axisChoice(model, "x")}</div>
    ${ring(model)} ${sliders(model)}
    <div class="e2gmm-scatter-status"
      ><span>${model.counts}</span
      ><span role="status" class="e2gmm-scatter-message">${model.message}</span
    ></div>`;
}

/** Where an event is in the view's area. */
export function pointerIn(area: HTMLElement, { clientX, clientY }: MouseEvent): HoverPointer {
  const { left, top, width, height } = area.getBoundingClientRect();
  return { pointer: [clientX - left, clientY - top], area: [width, height] };
}

function placeIn(overlay: Element, { clientX, clientY }: MouseEvent): Place {
  const { left, top } = overlay.getBoundingClientRect();
  return [clientX - left, clientY - top];
}

let hoverFrame = 0;

/** Looks for the particle under the pointer, once per frame. */
function hover(model: ScatterViewModel, { area, overlay }: ScatterParts, event: PointerEvent): void {
  if (model.isThreeDrawn || event.pointerType === "touch") return;
  cancelAnimationFrame(hoverFrame);
  hoverFrame = requestAnimationFrame(() => {
    if (model.isDisposed || !area.value || !overlay.value) return;
    const place = event.buttons === 0 ? placeIn(overlay.value, event) : undefined;
    model.hover(place, pointerIn(area.value, event));
  });
}

function leave(model: ScatterViewModel): void {
  cancelAnimationFrame(hoverFrame);
  model.card.hide();
}

function zoomByWheel(model: ScatterViewModel, { area, overlay }: ScatterParts, event: WheelEvent): void {
  if (!model.plotArea || !overlay.value) return;
  // The wheel scrolls the notebook, unless the plot is in use
  if (!event.ctrlKey && !event.metaKey && !area.value?.contains(document.activeElement)) return;
  event.preventDefault();
  const factor = Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 200);
  model.zoomAt(placeIn(overlay.value, event), factor);
}
