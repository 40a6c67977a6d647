import type { KeptItem, KeptKind } from "e2gmm/messages/explorer";
import { repeat } from "lit/directives/repeat.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button } from "../controls.js";
import type { ExplorerViewModel } from "./explorerViewModel.js";
import { keepingCaret } from "./keepingCaret.js";
import { nameField } from "./nameField.js";

/** What is kept of the work beside the sets: paths, views, notes. */
export function keptWork(model: ExplorerViewModel): TemplateResult | typeof nothing {
  const { paths, views } = model.work;
  const isEmpty = paths.length + views.length === 0;
  if (isEmpty && !model.notesShown) return nothing;
  return html`<div class="e2gmm-explorer-kept">
    ${isEmpty ? nothing : keptTable(model, paths, views)} ${model.notesShown ? notes(model) : nothing}
  </div>`;
}

function keptTable(
  model: ExplorerViewModel,
  paths: readonly KeptItem[],
  views: readonly KeptItem[],
): TemplateResult {
  const items = [
    ...paths.map((item) => ({ what: "path" as const, item })),
    ...views.map((item) => ({ what: "view" as const, item })),
  ];
  return html`<table class="e2gmm-explorer-sets" aria-label="Paths and views">
    <thead>
      <tr>
        <th scope="col">Kind</th>
        <th scope="col">Name</th>
        <th scope="col"></th>
      </tr>
    </thead>
    <tbody>${repeat(
      items,
      ({ item }) => item.id,
      ({ what, item }) => row(model, what, item),
    )}</tbody>
  </table>`;
}

function row(model: ExplorerViewModel, what: KeptKind, { id, name }: KeptItem): TemplateResult {
  const link = { className: "e2gmm-explorer-link" };
  const shows = what === "path" ? "Draw this path in the plot" : "Show plot and molecule as they were";
  return html`<tr>
    <td>${what}</td>
    <td class="e2gmm-explorer-nameCell">${nameField({
      label: `Name of the ${what} ${name}`,
      name,
      disabled: model.kernelGone,
      rename: (typed) => model.renameKept(what, id, name, typed),
    })}</td>
    <td class="e2gmm-explorer-actions">${button(
      "Show",
      shows,
      () => void model.ask({ kind: "showKept", what, item: id }),
      { ...link, label: `Show the ${what} ${name}`, disabled: model.kernelGone },
    )}${button(
      "Delete",
      "Delete it; Undo brings it back",
      () => void model.ask({ kind: "removeKept", what, item: id }),
      { ...link, label: `Delete the ${what} ${name}`, disabled: model.kernelGone },
    )}</td>
  </tr>`;
}

function notes(model: ExplorerViewModel): TemplateResult {
  return html`<label class="e2gmm-explorer-notes"
    ><span>Notes on this run</span><textarea
      rows="5"
      maxlength="100000"
      placeholder="What you see, what you tried, what to do next"
      ?disabled=${model.kernelGone}
      .value=${keepingCaret(model.notesText)}
      @input=${(event: Event) => model.typeNotes((event.target as HTMLTextAreaElement).value)}
      @blur=${() => model.leaveNotes()}
      @keydown=${(event: Event) => event.stopPropagation()}
    ></textarea></label
  >`;
}
