import { html, type TemplateResult } from "lit/html.js";
import { unlessFocused } from "../controls.js";

/** A name that can be changed in place. */
export interface NameFieldOptions {
  /** Name of the field for screen readers. */
  label: string;
  /** The name. */
  name: string;
  /** Default false. */
  disabled?: boolean;
  /** Called with what was typed, when the field is left. */
  rename(typed: string): void;
}

/** A text field that takes its value when it is left or Enter is pressed; Escape leaves the name as it was. */
export function nameField({ label, name, disabled = false, rename }: NameFieldOptions): TemplateResult {
  const keydown = (event: KeyboardEvent) => {
    const field = event.target as HTMLInputElement;
    if (event.key === "Escape") field.value = name;
    if (event.key === "Enter" || event.key === "Escape") field.blur();
    event.stopPropagation();
  };
  return html`<input
    type="text"
    class="e2gmm-explorer-name"
    maxlength="200"
    spellcheck="false"
    aria-label=${label}
    title=${name}
    ?disabled=${disabled}
    .value=${unlessFocused(name)}
    @blur=${(event: Event) => rename((event.target as HTMLInputElement).value)}
    @keydown=${keydown}
  />`;
}
