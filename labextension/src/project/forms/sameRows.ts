import { html, type TemplateResult } from "lit/html.js";
import { button } from "../../controls.js";

/** The command and the cell that do the same as a form; or what is missing. */
export type Same = { command: string; cell: string } | { missing: string };

/** Shows them. @param copy copies one of them to the clipboard */
export function sameRows(same: Same, copy: (text: string, what: "command" | "cell") => void): TemplateResult {
  const row = (what: "command" | "cell", content: string) => html`<div class="e2gmm-form-code">
    <pre tabindex="0" aria-label=${what === "command" ? "Command" : "Notebook cell"}>${content}</pre>
    ${button(`Copy ${what}`, `Copy the ${what} to the clipboard`, () => copy(content, what))}
  </div>`;
  return html`<fieldset>
    <legend>The same as a command and as a cell</legend>
    ${"missing" in same ? html`<p>${same.missing}</p>` : [row("command", same.command), row("cell", same.cell)]}
  </fieldset>`;
}
