import { Directive, directive, type PartInfo, PartType, type PropertyPart } from "lit/directive.js";
import { setCommittedValue } from "lit/directive-helpers.js";
import { ifDefined } from "lit/directives/if-defined.js";
import { live } from "lit/directives/live.js";
import { html, noChange, type TemplateResult } from "lit/html.js";

/** Controls as templates: values are arguments, user actions call callbacks. */

/** State and look of a button. */
export interface ButtonOptions {
  /** Class of the element; default: that of JupyterLab's plain buttons. */
  className?: string;
  /** Name for screen readers, if the content is an icon; default: the content. */
  label?: string | undefined;
  /** State of a toggle; default: the button is not a toggle. */
  pressed?: boolean | undefined;
  /** Whether the element that the button opens is open; default: it opens nothing. */
  expanded?: boolean | undefined;
  /** Default false. */
  disabled?: boolean;
  /** Attribute `data-tool`, used by styles and tests. Default: none. */
  tool?: string | undefined;
}

const plainButton = "jp-Button jp-mod-styled jp-mod-minimal";

/** @param content text or a template */
export function button(
  content: unknown,
  title: string,
  onClick: (event: MouseEvent) => void,
  { className = plainButton, label, pressed, expanded, disabled = false, tool }: ButtonOptions = {},
): TemplateResult {
  return html`<button
    type="button"
    class=${className}
    title=${title}
    data-tool=${ifDefined(tool)}
    aria-label=${ifDefined(label)}
    aria-pressed=${ifDefined(pressed)}
    aria-expanded=${ifDefined(expanded)}
    ?disabled=${disabled}
    @click=${onClick}
  >${content}</button>`;
}

/** A control with its label around it. */
export function labelled(
  text: string,
  control: TemplateResult,
  className = "e2gmm-fileViewer-label",
): TemplateResult {
  return html`<label class=${className}><span>${text}</span>${control}</label>`;
}

/** A checkbox with its label. */
export function checkbox(
  text: string,
  checked: boolean,
  onChange: (checked: boolean) => void,
  className: string,
): TemplateResult {
  const change = (event: Event) => onChange((event.target as HTMLInputElement).checked);
  return html`<label class=${className}
    ><input type="checkbox" .checked=${live(checked)} @change=${change} />${text}</label
  >`;
}

/** Name and look of a select. */
export interface ChoiceOptions {
  /** Name for screen readers. */
  label: string;
  /** Default: none. */
  className?: string;
  /** Tooltip. Default: none. */
  title?: string;
}

/** The options of a select. They set `.selected`, since `.value` of the select would be set before the options exist. */
export function choices(
  options: readonly (readonly [value: string, text: string])[],
  value: string,
): TemplateResult[] {
  return options.map(
    ([of, text]) => html`<option value=${of} .selected=${live(of === value)}>${text}</option>`,
  );
}

/** A select. @param content what `choices` returns, possibly in `optgroup` elements */
export function select(
  content: unknown,
  onChange: (value: string) => void,
  { label, className, title }: ChoiceOptions,
): TemplateResult {
  const change = (event: Event) => onChange((event.target as HTMLSelectElement).value);
  return html`<select
    aria-label=${label}
    class=${ifDefined(className)}
    title=${ifDefined(title)}
    @change=${change}
  >${content}</select>`;
}

/** Listener for `keydown` that keeps typed keys from the notebook's shortcuts. */
export function keepKey(event: Event): void {
  event.stopPropagation();
}

class UnlessFocused extends Directive {
  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.PROPERTY) throw new Error("unlessFocused() is for property bindings");
  }

  override render(value: string): string {
    return value;
  }

  override update(part: PropertyPart, [value]: [string]): unknown {
    const { element, name } = part;
    if (element === element.ownerDocument.activeElement) return noChange;
    if ((element as unknown as Record<string, unknown>)[name] === value) return noChange;
    // Like live(): compares with the element's current value, not with the last bound one
    setCommittedValue(part);
    return value;
  }
}

/**
 * Binds the value of a text or number field, except while the user types in it. Call the model's `changed()` on blur to
 * replace a value that was not accepted.
 */
export const unlessFocused = directive(UnlessFocused);
