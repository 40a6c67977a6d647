import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, choices, keepKey, select, unlessFocused } from "../../controls.js";
import type { AtomsForm } from "./atomsForm.js";

const states = [
  ["neutral", "in the consensus map"],
  ["ring", "in the state at the ring"],
] as const;

/** The form by which an atomic model is shown over the molecule. @param disabled whether the kernel is gone */
export function atomsPanel(form: AtomsForm, disabled: boolean): TemplateResult {
  return html`<details class="e2gmm-atoms">
    <summary>Atomic model: show it over the molecule, carried along the motion</summary>
    <fieldset ?disabled=${disabled || form.busy}>
      <div class="e2gmm-region-row" role="group" aria-label="Atomic model">
        <span>File</span>
        <div>
          <input
            type="text"
            size="30"
            aria-label="File of the atomic model to show"
            placeholder="PDB or mmCIF, fitted into the map"
            .value=${unlessFocused(form.file)}
            @input=${(event: Event) => form.typeFile((event.target as HTMLInputElement).value)}
            @keydown=${(event: KeyboardEvent) => {
              if (event.key === "Enter") form.show();
              keepKey(event);
            }}
          />
          fitted
          ${select(
            choices(states, form.state),
            (state) => form.chooseState(state as (typeof states)[number][0]),
            { label: "Where the atomic model is fitted" },
          )}
          ${button("Show atoms", "Show the backbone of the atomic model; it follows the Gaussians", () => form.show())}
          ${
            form.isShown
              ? button("Remove atoms", "Remove the atomic model from the picture", () => form.remove())
              : nothing
          }
        </div>
      </div>
    </fieldset>
  </details>`;
}
