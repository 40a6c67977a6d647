import type { Clustering } from "e2gmm/messages/clusterings";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, choices, keepKey, select, unlessFocused } from "../controls.js";
import type { NewSetFields, PathDivision } from "./explorerLinks.js";
import type { ExplorerViewModel } from "./explorerViewModel.js";
import { group } from "./group.js";

const methods: readonly (readonly [Clustering["method"], string])[] = [
  ["kmeans", "k-means"],
  ["mixture", "Gaussian mixture"],
  ["density", "density (HDBSCAN)"],
];

const divisions: readonly (readonly [PathDivision, string])[] = [
  ["line", "equal numbers"],
  ["length", "equal lengths"],
  ["stations", "by station"],
];

/** Buttons and fields between plots and table: what makes sets, what concerns the path, what compares, and the work itself. */
export function toolbar(model: ExplorerViewModel): TemplateResult {
  return html`<div class="e2gmm-explorer-toolbar">
    ${group("Make sets", newSets(model))} ${group("Path", pathActions(model))}
    ${group("Compare", comparisons(model))} ${group("Work", workActions(model))}
    ${analysis(model)}
  </div>`;
}

/** How far a clustering or UMAP is, and a button that stops it. */
function analysis(model: ExplorerViewModel): TemplateResult | typeof nothing {
  if (!model.analysis) return nothing;
  const { task, done, total } = model.analysis;
  return group("Computing", [
    html`<progress aria-label=${task} max=${Math.max(total, 1)} value=${done}></progress>`,
    button("Stop", `Stop computing ${task}`, () => void model.ask({ kind: "stopAnalysis" })),
  ]);
}

function newSets(model: ExplorerViewModel): unknown[] {
  const { method, clusters } = model.newSets;
  const count = model.selectedCount;
  return [
    button(
      count > 0 ? `Selection (${count.toLocaleString("en")})` : "Selection",
      "Make a set from the selection in the plot",
      () => void model.ask({ kind: "selection" }),
    ),
    button("Clusters", "Divide all particles into clusters", () => model.makeClusters()),
    select(
      choices(methods, method),
      (chosen) => model.editNewSets({ method: chosen as Clustering["method"] }),
      { label: "Clustering method" },
    ),
    // Density clustering finds the number itself
    countField(model, "clusters", {
      label: "Number of clusters",
      value: clusters,
      disabled: method === "density",
    }),
  ];
}

function pathActions(model: ExplorerViewModel): unknown[] {
  const { along, parts, maxDistance } = model.newSets;
  return [
    button("Play", "Play the motion of the Gaussians along the path drawn in the plot", () => {
      void model.ask({ kind: "play" });
    }),
    button(
      "Arrows",
      "Show the motion from the path's start to its end as arrows",
      () => void model.ask({ kind: "arrows", shown: !model.arrowsShown }),
      { pressed: model.arrowsShown },
    ),
    button("Keep path", "Keep the path drawn in the plot under a name", () => {
      void model.ask({ kind: "keep", what: "path" });
    }),
    button("Parts", "Make sets along the path drawn in the plot", () => model.makeParts()),
    select(choices(divisions, along), (chosen) => model.editNewSets({ along: chosen as PathDivision }), {
      label: "How the path is divided",
    }),
    countField(model, "parts", { label: "Number of parts", value: parts, disabled: false }),
    "within",
    html`<input
      type="number"
      min="0"
      step="any"
      placeholder="auto"
      class="e2gmm-explorer-within"
      aria-label="Largest distance from the path"
      title="Particles farther from the path (by distance in the latent space) are in no part. Empty: half the largest distance between two points of the path"
      .value=${unlessFocused(maxDistance)}
      @input=${(event: Event) => model.editNewSets({ maxDistance: typedText(event) })}
      @keydown=${keepKey}
    />`,
  ];
}

function comparisons(model: ExplorerViewModel): TemplateResult[] {
  return [
    button(
      "Pin",
      "Keep the current state visible for comparison",
      () => void model.ask({ kind: "pin", shown: !model.pinShown }),
      { pressed: model.pinShown },
    ),
    button(
      "Difference",
      model.difference === ""
        ? "Show in two colours how the ring differs from the pinned state, or the maps of two ticked sets from each other"
        : `Remove the difference ${model.difference}`,
      () => model.toggleDifference(),
      { pressed: model.difference !== "" },
    ),
    button(
      "Second plot",
      "Show the same particles over other axes, with the same selection, sets and ring",
      () => void model.ask({ kind: "secondPlot", shown: !model.secondShown }),
      { pressed: model.secondShown },
    ),
    button("UMAP", "Draw the particles over a UMAP of their latent coordinates", () => {
      void model.ask({ kind: "umap" });
    }),
    button("Keep view", "Keep what plot and molecule show under a name", () => {
      void model.ask({ kind: "keep", what: "view" });
    }),
  ];
}

function workActions(model: ExplorerViewModel): TemplateResult[] {
  const { canUndo, canRedo } = model.work;
  return [
    button("Undo", "Take the last change back (Ctrl+Z)", () => void model.ask({ kind: "undo" }), {
      disabled: !canUndo,
    }),
    button("Redo", "Make it again (Ctrl+Shift+Z)", () => void model.ask({ kind: "redo" }), {
      disabled: !canRedo,
    }),
    button("Notes", "Notes on this run", () => model.toggleNotes(), { expanded: model.notesShown }),
    button("Export…", "Write particles, map or model to files", () => model.toggleExport(), {
      expanded: model.exportForm.open,
    }),
  ];
}

function countField(
  model: ExplorerViewModel,
  field: keyof NewSetFields & ("clusters" | "parts"),
  { label, value, disabled }: { label: string; value: string; disabled: boolean },
): TemplateResult {
  return html`<input
    type="number"
    min="2"
    max="100"
    step="1"
    aria-label=${label}
    ?disabled=${disabled}
    .value=${unlessFocused(value)}
    @input=${(event: Event) => model.editNewSets({ [field]: typedText(event) })}
    @keydown=${keepKey}
  />`;
}

function typedText(event: Event): string {
  return (event.target as HTMLInputElement).value;
}
