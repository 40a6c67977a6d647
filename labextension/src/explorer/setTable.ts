import { markerSigns } from "e2gmm/display/theme";
import type { MapState, SetState } from "e2gmm/messages/explorer";
import { live } from "lit/directives/live.js";
import { repeat } from "lit/directives/repeat.js";
import { styleMap } from "lit/directives/style-map.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, checkbox, unlessFocused } from "../controls.js";
import { type ExplorerViewModel, minTicked } from "./explorerViewModel.js";
import { group } from "./group.js";
import { nameField } from "./nameField.js";

const number = "e2gmm-explorer-number";

/** The table of sets. */
export function setTable(model: ExplorerViewModel): TemplateResult {
  const { sets, ticked } = model;
  const all = sets.length > 0 && ticked.length === sets.length;
  const some = ticked.length > 0 && ticked.length < sets.length;
  return html`<fieldset class="e2gmm-explorer-tableHost" ?disabled=${model.kernelGone}>
    ${ticked.length > 0 ? group("Ticked", tickedActions(model)) : nothing}
    <table class="e2gmm-explorer-sets" aria-label="Sets of particles" ?hidden=${sets.length === 0}>
      <thead>
        <tr>
          <th scope="col">
            <input
              type="checkbox"
              aria-label="Tick all sets"
              .checked=${live(all)}
              .indeterminate=${live(some)}
              @change=${(event: Event) => model.tickAll((event.target as HTMLInputElement).checked)}
            />
          </th>
          <th scope="col">Colour</th>
          <th scope="col">Set</th>
          <th scope="col" class=${number}>Particles</th>
          <th scope="col">Map</th>
          <th scope="col" class=${number}>FSC 0.143</th>
          <th scope="col">Actions</th>
        </tr>
      </thead>
      <tbody>
        ${repeat(
          sets,
          ({ id }) => id,
          (set) => row(model, set),
        )}
      </tbody>
    </table>
    <p class="e2gmm-explorer-empty" ?hidden=${sets.length > 0}>
      No sets yet. Select particles in the plot, or divide all of them into clusters.
    </p>
  </fieldset>`;
}

const tickedOperations: readonly (readonly [keyof typeof minTicked, string, string])[] = [
  ["union", "Union", "A set of all particles of the ticked sets"],
  ["intersect", "Intersect", "A set of the particles common to all ticked sets"],
  ["difference", "Subtract", "The particles of the first ticked set that are in no other"],
  ["reconstruct", "Reconstruct", "Reconstruct the ticked sets in the background"],
  ["remove", "Delete", "Delete the ticked sets; Undo brings them back"],
];

function tickedActions(model: ExplorerViewModel): TemplateResult[] {
  return tickedOperations.map(([operation, text, title]) =>
    button(text, title, () => model.actOnTicked(operation), {
      disabled: model.ticked.length < minTicked[operation],
    }),
  );
}

function row(model: ExplorerViewModel, set: SetState): TemplateResult {
  const { id, name, colour, marker, count, map } = set;
  const tick = (event: Event) => model.tick(id, (event.target as HTMLInputElement).checked);
  const recolour = (event: Event) =>
    void model.ask({ kind: "recolour", set: id, colour: (event.target as HTMLInputElement).value });
  // Points are circles by default; other shapes distinguish sets of one colour
  const shape = marker === "circle" ? "" : markerSigns[marker];
  return html`<tr>
    <td><input type="checkbox" aria-label="Tick ${name}" .checked=${live(model.ticked.includes(id))} @change=${tick} /></td>
    <td
      ><input
        type="color"
        class="e2gmm-explorer-colour"
        aria-label="Colour of ${name}"
        .value=${unlessFocused(colour)}
        @change=${recolour}
        @blur=${() => model.changed()}
      /><span
        class="e2gmm-explorer-marker"
        title=${marker === "circle" ? "" : `Drawn as ${marker}`}
        style=${styleMap({ color: colour })}
      >${shape}</span></td>
    <td class="e2gmm-explorer-nameCell">${nameField({
      label: `Name of the set ${name}`,
      name,
      rename: (typed) => model.rename(set, typed),
    })}</td>
    <td class=${number}>${count.toLocaleString("en")}</td>
    <td class="e2gmm-explorer-map">${mapCell(model, id, map)}</td>
    <td class=${number}>${resolutionText(map)}</td>
    <td class="e2gmm-explorer-actions">${rowActions(model, set)}</td>
  </tr>`;
}

function rowActions(model: ExplorerViewModel, set: SetState): TemplateResult[] {
  const { id, name } = set;
  return [
    link("Select", "Select these particles in the plot", () => void model.ask({ kind: "select", set: id })),
    link("Images", "Show some particles beside projections of the model", () => void model.showMontage(set)),
    link("Rest", `Make a set of all particles that are not in ${name}`, () => {
      void model.ask({ kind: "complement", set: id });
    }),
    link("Export…", `Write particles or map of ${name} to files`, () => model.exportSet(id)),
    link("Delete", `Delete ${name}; Undo brings it back`, () => {
      void model.ask({ kind: "remove", sets: [id] });
    }),
  ];
}

function link(text: string, title: string, act: () => void): TemplateResult {
  return button(text, title, act, { className: "e2gmm-explorer-link" });
}

function mapCell(model: ExplorerViewModel, id: string, map: MapState | null): unknown {
  const reconstruct = (text: string) =>
    link(text, "Reconstruct this set in the background", () => {
      void model.ask({ kind: "reconstruct", sets: [id] });
    });
  const stop = () => link("Stop", "Stop the reconstruction", () => void model.ask({ kind: "stop", set: id }));
  switch (map?.status) {
    case undefined:
      return reconstruct("Reconstruct");
    case "waiting":
      return html`waiting ${stop()}`;
    case "running":
      return html`<progress max=${map.total} value=${map.done} aria-label="Reconstruction"></progress>${stop()}`;
    case "done":
      return checkbox(
        "show",
        map.shown,
        (shown) => void model.ask({ kind: "showMap", set: id, shown }),
        "e2gmm-explorer-check",
      );
    case "failed":
      return html`<span class="e2gmm-explorer-failed" title=${map.text}>failed </span>${reconstruct("Again")}`;
  }
}

function resolutionText(map: MapState | null): string {
  if (map?.status !== "done") return "";
  return map.resolution === null ? "none" : `${map.resolution.toFixed(1)} Å`;
}
