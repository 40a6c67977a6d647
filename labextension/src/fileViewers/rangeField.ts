import { live } from "lit/directives/live.js";
import { html, type TemplateResult } from "lit/html.js";

/** Options of {@link rangeField}. */
export interface RangeFieldOptions {
  /** Name for screen readers. */
  label: string;
  min: number;
  max: number;
  step: number;
  value: number;
  /** Called while the user moves the slider. */
  onInput(value: number): void;
}

/** A slider. */
export function rangeField({ label, min, max, step, value, onInput }: RangeFieldOptions): TemplateResult {
  const input = ({ target }: Event) => onInput((target as HTMLInputElement).valueAsNumber);
  // The value last: it is clamped to the range of the moment
  return html`<input
    type="range"
    aria-label=${label}
    min=${min}
    max=${max}
    step=${step}
    .value=${live(String(value))}
    @input=${input}
  />`;
}
