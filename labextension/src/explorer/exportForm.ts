import { html, type TemplateResult } from "lit/html.js";
import { checkbox, choices, keepKey, labelled, select, unlessFocused } from "../controls.js";
import type { ExplorerViewModel } from "./explorerViewModel.js";
import { exportChoices } from "./exportFormModel.js";

/** Form for a file that the kernel writes to its working folder. */
export function exportForm(model: ExplorerViewModel): TemplateResult {
  const form = model.exportForm;
  const change = (action: () => void) => {
    action();
    model.changed();
  };
  const what = select(
    choices(
      exportChoices.map(({ text }, i) => [String(i), text] as const),
      String(exportChoices.indexOf(form.choice)),
    ),
    (index) => change(() => form.choose(Number(index))),
    { label: "What to write" },
  );
  const file = html`<input
    type="text"
    spellcheck="false"
    class="e2gmm-explorer-file"
    .value=${unlessFocused(form.file)}
    @input=${(event: Event) => change(() => form.typeFile((event.target as HTMLInputElement).value))}
    @blur=${() => change(() => form.leaveFile())}
    @keydown=${keepKey}
  />`;
  const submit = (event: Event) => {
    event.preventDefault();
    model.export();
  };
  return html`<form class="e2gmm-explorer-export" aria-label="Export" ?hidden=${!form.open} @submit=${submit}>
    ${labelled("Write", what)} ${labelled("to", file)}
    ${checkbox(
      "overwrite",
      form.overwrite,
      (overwrite) =>
        change(() => {
          form.overwrite = overwrite;
        }),
      "e2gmm-explorer-check",
    )}
    <button type="submit" class="e2gmm-explorer-button">Write</button>
  </form>`;
}
