import { ifDefined } from "lit/directives/if-defined.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, checkbox, choices, select, unlessFocused } from "../../controls.js";

/** What every row of a form has. */
interface AnyRow {
  /** Name of the field, and id of the element with its advice. */
  name: string;
  adviceId: string;
  label: string;
  advice: string;
}

/** A field in which something is typed. */
export interface TypedRow extends AnyRow {
  value: string;
  set(value: string): void;
  /** Whether it is a number, of which none is a default. */
  numeric?: boolean | undefined;
  required?: boolean | undefined;
  /** Lets the user choose a file. Default: it is no file. */
  choose?: (() => void) | undefined;
}

export function typedRow(row: TypedRow): TemplateResult {
  const { name, adviceId, label, advice, value, set, numeric = false, required = false, choose } = row;
  const input = (event: Event) => set((event.target as HTMLInputElement).value);
  const chooser = choose
    ? button("Choose…", `Choose in JupyterLab's files: ${label}`, choose, { label: `Choose ${label}` })
    : nothing;
  return html`<div class="e2gmm-form-row">
    <label><span>${label}</span><input
      type="text"
      inputmode=${numeric ? "decimal" : "text"}
      spellcheck="false"
      autocomplete="off"
      aria-describedby=${adviceId}
      ?required=${required}
      name=${name}
      placeholder=${numeric && !required ? "auto" : ""}
      .value=${unlessFocused(value)}
      @input=${input}
    /></label>${chooser}
    <small id=${adviceId}>${advice}</small>
  </div>`;
}

/** One of several. */
export function choiceRow({
  label,
  advice,
  value,
  options,
  set,
}: Pick<AnyRow, "label" | "advice"> & {
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  set(value: string): void;
}): TemplateResult {
  const control = select(choices(options, value), set, { label });
  return html`<div class="e2gmm-form-row"><label><span>${label}</span>${control}</label><small>${advice}</small></div>`;
}

/** One or several check boxes. A label that is empty leaves them to their own. */
export function tickRow({
  label,
  advice,
  ticks,
}: Pick<AnyRow, "label" | "advice"> & {
  ticks: readonly { text: string; checked: boolean; set(checked: boolean): void }[];
}): TemplateResult {
  return html`<div class="e2gmm-form-row" role="group" aria-label=${ifDefined(label === "" ? undefined : label)}>
    <span>${label}</span>
    <span>${ticks.map(({ text, checked, set }) => checkbox(text, checked, set, "e2gmm-form-check"))}</span>
    <small>${advice}</small>
  </div>`;
}
