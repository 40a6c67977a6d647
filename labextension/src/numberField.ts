import { ifDefined } from "lit/directives/if-defined.js";
import { html, type TemplateResult } from "lit/html.js";
import { unlessFocused } from "./controls.js";

/** Options of {@link numberField}. */
export interface NumberFieldOptions {
  /** Name for screen readers. */
  label: string;
  /** The value as it is written in the field. */
  text: string;
  /** Called with finite numbers of at least `min`, after they have been typed. */
  onChange(value: number): void;
  /** Default: any number can be typed. */
  step?: number | "any";
  /** Default: no limit. */
  min?: number;
  /** Default: no limit. */
  max?: number;
  /** Class of the element. */
  className?: string;
  title?: string;
  /** Default false. */
  hidden?: boolean;
}

/** A field for a number. Anything else that is typed is replaced by the value when the field loses focus. */
export function numberField(options: NumberFieldOptions): TemplateResult {
  const { label, text, onChange, step = "any", min, max, className, title, hidden = false } = options;
  const change = ({ target }: Event) => {
    const typed = (target as HTMLInputElement).valueAsNumber;
    if (Number.isFinite(typed) && typed >= (min ?? Number.NEGATIVE_INFINITY)) onChange(typed);
  };
  const blur = ({ target }: Event) => {
    (target as HTMLInputElement).value = text;
  };
  return html`<input
    type="number"
    class=${ifDefined(className)}
    title=${ifDefined(title)}
    aria-label=${label}
    step=${step}
    min=${ifDefined(min)}
    max=${ifDefined(max)}
    ?hidden=${hidden}
    .value=${unlessFocused(text)}
    @change=${change}
    @blur=${blur}
  />`;
}
