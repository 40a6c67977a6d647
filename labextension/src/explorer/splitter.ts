import { html, type TemplateResult } from "lit/html.js";
import { type ExplorerViewModel, splitRange } from "./explorerViewModel.js";

const keyStep = 0.02;

/** The bar between scatter and viewer; the pointer or the arrow keys move it. */
export function splitter(model: ExplorerViewModel): TemplateResult {
  return html`<div
    class="e2gmm-explorer-splitter"
    role="separator"
    tabindex="0"
    aria-orientation="vertical"
    aria-label="Width of the plot"
    aria-valuemin=${splitRange.min * 100}
    aria-valuemax=${splitRange.max * 100}
    aria-valuenow=${Math.round(100 * model.split)}
    @pointerdown=${capture}
    @pointermove=${(event: PointerEvent) => drag(model, event)}
    @lostpointercapture=${() => model.saveSplit()}
    @keydown=${(event: KeyboardEvent) => press(model, event)}
  ></div>`;
}

function capture(event: PointerEvent): void {
  if (event.button !== 0) return;
  event.preventDefault();
  (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
}

function drag(model: ExplorerViewModel, event: PointerEvent): void {
  const bar = event.currentTarget as HTMLElement;
  if (!bar.hasPointerCapture(event.pointerId)) return;
  const { left, width } = bar.parentElement!.getBoundingClientRect();
  if (width > 0) model.moveSplit((event.clientX - left) / width);
}

function press(model: ExplorerViewModel, event: KeyboardEvent): void {
  const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (direction === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  model.moveSplit(model.split + direction * keyStep);
  model.saveSplit();
}
