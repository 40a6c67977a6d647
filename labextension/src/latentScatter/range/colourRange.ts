import { html, svg, type TemplateResult } from "lit/html.js";
import { button, keepKey, unlessFocused } from "../../controls.js";
import { shortNumber } from "../geometry.js";
import type { ScatterViewModel } from "../scatterViewModel.js";
import { viridisColour } from "../viridis.js";
import type { End, NumberColouring } from "./colourRangeModel.js";
import { countedParts } from "./valueCounts.js";

/** Size of the histogram in pixels, with room for half a handle on either side, and height of the ramp below it. */
const [width, height, margin, ramp] = [156, 38, 6, 6] as const;
const scaleWidth = width - 2 * margin;
const base = height - ramp;
const barWidth = scaleWidth / countedParts;

/** What numbers the colours stand for: a histogram in these colours, with two ends that hide the particles outside. */
export function colourRange(model: ScatterViewModel, colouring: NumberColouring): TemplateResult {
  const { title, low, high } = colouring;
  const numbers = [low, (low + high) / 2, high];
  return html`<div class="e2gmm-scatter-legend-title">${title}</div>
    <div class="e2gmm-scatter-bar">
      ${histogram(model, colouring)}
      <div class="e2gmm-scatter-bar-numbers">${numbers.map((value) => html`<span>${shortNumber(value)}</span>`)}</div>
    </div>
    ${fields(model, colouring)}`;
}

function histogram(model: ScatterViewModel, colouring: NumberColouring): TemplateResult {
  const { colourRange: range } = model;
  const counts = range.counts(colouring);
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const [from, to] = [range.partOf("low", colouring), range.partOf("high", colouring)];
  const bars = Array.from(counts, (count, part) => {
    const middle = (part + 0.5) / countedParts;
    const colour = viridisColour(middle, { low: 0, high: 1 })!;
    const tall = (count / most) * base;
    const opacity = middle >= from && middle <= to ? 1 : 0.2;
    const x = margin + part * barWidth;
    return svg`<g fill=${colour} opacity=${opacity}
      ><rect x=${x} y=${base - tall} width=${barWidth - 0.5} height=${tall} /><rect
        x=${x} y=${base} width=${barWidth} height=${ramp}
      /></g>`;
  });
  const partAt = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return (((event.clientX - box.left) / (box.width || 1)) * width - margin) / scaleWidth;
  };
  const isHeld = (event: PointerEvent) => (event.currentTarget as Element).hasPointerCapture(event.pointerId);
  return html`<svg
    class="e2gmm-scatter-values"
    viewBox="0 0 ${width} ${height}"
    width=${width}
    height=${height}
    role="group"
    aria-label="Particles by ${colouring.title}; those outside of the two ends are hidden"
    @pointerdown=${(event: PointerEvent) => {
      if (event.button !== 0) return;
      const node = event.currentTarget as Element;
      node.setPointerCapture(event.pointerId);
      range.press(partAt(event), colouring);
    }}
    @pointermove=${(event: PointerEvent) => isHeld(event) && range.drag(partAt(event), colouring)}
    @pointerup=${(event: PointerEvent) => isHeld(event) && range.drop()}
    @pointercancel=${() => range.cancel()}
  >${bars}${handle(model, colouring, "low", from)}${handle(model, colouring, "high", to)}</svg>`;
}

function handle(
  model: ScatterViewModel,
  colouring: NumberColouring,
  end: End,
  part: number,
): TemplateResult<2> {
  const { title, low, high } = colouring;
  const value = model.colourRange.range[end];
  const x = margin + part * scaleWidth;
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!model.colourRange.pressKey(end, event.key, event.shiftKey, colouring)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return svg`<g
    class="e2gmm-scatter-end"
    data-end=${end}
    tabindex="0"
    role="slider"
    aria-label="${end === "low" ? "Lower" : "Upper"} end of ${title}"
    aria-valuemin=${low}
    aria-valuemax=${high}
    aria-valuenow=${value ?? (end === "low" ? low : high)}
    aria-valuetext=${value === null ? "no limit" : shortNumber(value)}
    transform="translate(${x} 0)"
    @keydown=${press}
    ><rect x="-6" y="0" width="12" height=${height} class="e2gmm-scatter-end-reach" /><line
      y1="0" y2=${height}
    /><rect x="-3.5" y=${base / 2 - 7} width="7" height="14" rx="2" /></g>`;
}

/** The ends as numbers, and a button that selects what is between them. */
function fields(model: ScatterViewModel, { title, low, high }: NumberColouring): TemplateResult {
  const { colourRange: range } = model;
  const text = (end: End) => (range.range[end] === null ? "" : String(range.range[end]));
  const field = (end: End, name: string, hint: number) => html`<input
    type="number"
    step="any"
    class="e2gmm-scatter-number"
    aria-label="${title}: ${name}"
    title="Particles ${end === "low" ? "below" : "above"} are hidden; empty: no limit"
    placeholder=${shortNumber(hint)}
    .value=${unlessFocused(text(end))}
    @change=${(event: Event) => range.type(end, (event.target as HTMLInputElement).value)}
    @blur=${(event: Event) => {
      // A refused number changes nothing that the legend is drawn again for.
      (event.target as HTMLInputElement).value = text(end);
    }}
    @keydown=${keepKey}
  />`;
  return html`<div class="e2gmm-scatter-range" role="group" aria-label="Range of ${title}">
    ${field("low", "from", low)}–${field("high", "to", high)}${button(
      "Select",
      "Select the particles in this range; an empty field is no end",
      () => model.selectRange(),
      { className: "e2gmm-scatter-button" },
    )}
  </div>`;
}
