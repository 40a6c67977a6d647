import { live } from "lit/directives/live.js";
import { html, type TemplateResult } from "lit/html.js";
import * as controls from "../controls.js";
import * as field from "../numberField.js";

/** The controls of the viewer: those of all views with its style, sliders and number fields. */

/** A button. @param content text or a template @param label its title, and its name for screen readers */
export function button(
  content: unknown,
  label: string,
  onClick: () => void,
  options: Omit<controls.ButtonOptions, "label"> = {},
): TemplateResult {
  return controls.button(content, label, onClick, { className: "e2gmm-button", ...options, label });
}

/** A checkbox with its text. */
export function checkbox(
  text: string,
  checked: boolean,
  onChange: (checked: boolean) => void,
): TemplateResult {
  return controls.checkbox(text, checked, onChange, "e2gmm-check");
}

/** Options of {@link choice}. */
export interface ChoiceOptions<Value extends string> {
  /** Name for screen readers. */
  label: string;
  options: readonly (readonly [value: Value, text: string])[];
  value: Value;
  onChange(value: Value): void;
}

/** A drop-down list. */
export function choice<Value extends string>({
  label,
  options,
  value,
  onChange,
}: ChoiceOptions<Value>): TemplateResult {
  return controls.select(controls.choices(options, value), (chosen) => onChange(chosen as Value), {
    label,
    className: "e2gmm-select",
  });
}

/** Options of {@link slider}. */
export interface SliderOptions {
  text: string;
  min: number;
  max: number;
  step: number;
  value: number;
  /** The value as it is written beside the slider. */
  format(value: number): string;
  onInput(value: number): void;
  /** Default false. */
  hidden?: boolean;
}

/** A slider with its value beside it. */
export function slider(options: SliderOptions): TemplateResult {
  const { text, min, max, step, value, format, onInput, hidden = false } = options;
  const input = (event: Event) => onInput((event.target as HTMLInputElement).valueAsNumber);
  const written = format(value);
  return html`<label class="e2gmm-slider" ?hidden=${hidden}
    ><span>${text}</span
    ><input
      type="range"
      min=${min}
      max=${max}
      step=${step}
      aria-valuetext=${written}
      .value=${live(String(value))}
      @input=${input}
    /><output class="e2gmm-value">${written}</output></label
  >`;
}

/** Options of {@link numberField}. */
export interface ViewerNumberOptions {
  /** Its title, and its name for screen readers. */
  label: string;
  value: number;
  /** Called with finite values of at least `min`, after they have been typed. */
  onChange(value: number): void;
  /** Default: no limit. */
  min?: number;
  /** Default false. */
  hidden?: boolean;
}

/** A field for a number, which is written with four digits. */
export function numberField({ value, ...options }: ViewerNumberOptions): TemplateResult {
  const { label } = options;
  return field.numberField({ ...options, title: label, text: fourDigits(value), className: "e2gmm-number" });
}

/** A number with four significant digits. */
export function fourDigits(value: number): string {
  return String(Number(value.toPrecision(4)));
}
