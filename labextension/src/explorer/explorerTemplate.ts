import { guard } from "lit/directives/guard.js";
import { type Ref, ref } from "lit/directives/ref.js";
import { styleMap } from "lit/directives/style-map.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, checkbox } from "../controls.js";
import { atomsPanel } from "./atoms/atomsPanel.js";
import { fscCurves, trainingCurves } from "./curves.js";
import type { ExplorerViewModel } from "./explorerViewModel.js";
import { exportForm } from "./exportForm.js";
import { keptWork } from "./keptWork.js";
import { regionPanel } from "./region/regionPanel.js";
import { setTable } from "./setTable.js";
import { splitter } from "./splitter.js";
import { toolbar } from "./toolbar.js";
import { verdictBanner } from "./verdictBanner.js";

/** Elements that the views of the two linked widgets are attached to. */
export interface ExplorerPanes {
  scatter: Ref<HTMLElement>;
  /** Of the second plot, while it is shown. */
  second: Ref<HTMLElement>;
  viewer: Ref<HTMLElement>;
}

/** The explorer: the verdict, scatter and viewer side by side, controls, the table of sets and curves below. */
export function explorerTemplate(model: ExplorerViewModel, panes: ExplorerPanes): TemplateResult {
  const { status } = model;
  const statusClass = `e2gmm-explorer-status${status.problem ? " e2gmm-mod-problem" : ""}`;
  const size = {
    "--e2gmm-split": `${(100 * model.split).toFixed(2)}%`,
    "--e2gmm-explorer-height": `${model.height}px`,
  };
  return html`${header(model)} ${verdictBanner(model)}
    <div class="e2gmm-explorer-panes${model.secondShown ? " e2gmm-mod-second" : ""}" style=${styleMap(size)} ?hidden=${model.concealed}>
      <div class="e2gmm-explorer-pane" ${ref(panes.scatter)}>${problem(model.paneProblems.scatter)}</div>
      <div
        class="e2gmm-explorer-pane e2gmm-explorer-second"
        role="group"
        aria-label="Second plot"
        ?hidden=${!model.secondShown}
        ${ref(panes.second)}
      >${problem(model.paneProblems.second)}</div>
      ${splitter(model)}
      <div class="e2gmm-explorer-pane e2gmm-explorer-molecule" ${ref(panes.viewer)}>${problem(model.paneProblems.viewer)}</div>
    </div>
    <p class=${statusClass} role="status">${status.text}</p>
    <fieldset class="e2gmm-explorer-controls" ?disabled=${model.kernelGone} ?hidden=${model.concealed}>
      ${toolbar(model)} ${exportForm(model)}
    </fieldset>
    ${model.concealed ? nothing : regionPanel(model.region, model.kernelGone)}
    ${model.concealed ? nothing : atomsPanel(model.atoms, model.kernelGone)}
    <div class="e2gmm-explorer-lower">
      ${model.concealed && model.sets.length === 0 ? nothing : setTable(model)} ${keptWork(model)}
      ${curves(model)}
    </div>
    ${montage(model)}`;
}

function problem(text: string | undefined): unknown {
  return text === undefined ? nothing : html`<p>This view cannot be shown: ${text}</p>`;
}

function header(model: ExplorerViewModel): TemplateResult {
  const { run } = model;
  const folder = run?.folder ?? "";
  const about = run && [
    ...(run.dataset === "" ? [] : [model.folderName]),
    `${run.count.toLocaleString("en")} particles`,
    `${run.latent} latent ${run.latent === 1 ? "dimension" : "dimensions"}`,
    `${run.gaussians.toLocaleString("en")} Gaussians`,
  ];
  // No <header>: that of a page is its banner, and there can be several explorers in one
  return html`<div class="e2gmm-explorer-header">
    <strong class="e2gmm-explorer-title" title=${folder}>${model.title}</strong>
    <span class="e2gmm-explorer-about">${about?.join(" · ")}</span>
    <span class="e2gmm-explorer-training">${training(model)}</span>
    ${checkbox(
      "Curves",
      model.curvesShown,
      (shown) => model.showCurves(shown),
      "e2gmm-explorer-check e2gmm-explorer-curvesCheck",
    )}
  </div>`;
}

function training(model: ExplorerViewModel): unknown {
  if (!model.training) return nothing;
  const { task, done, total } = model.training;
  return html`<progress aria-label="Training" max=${Math.max(total, 1)} value=${done}></progress>
    <span>${task}</span>
    ${button("Stop", "Stop training; the last complete epoch is kept", () => {
      void model.ask({ kind: "stopTraining" });
    })}`;
}

function curves(model: ExplorerViewModel): TemplateResult {
  const { sets, history } = model;
  // The style sheet hides the element while it is empty
  return html`<aside class="e2gmm-explorer-side" aria-label="Curves" ?hidden=${!model.curvesShown}>${guard(
    [sets, history],
    () => [fscCurves(sets), trainingCurves(history)],
  )}</aside>`;
}

function montage(model: ExplorerViewModel): TemplateResult {
  const shown = model.montage;
  return html`<div class="e2gmm-explorer-images" ?hidden=${!shown}>${
    shown &&
    html`${button("Close", "Close the images", () => model.closeMontage())}<img src=${shown.url} alt=${shown.description} />`
  }</div>`;
}
