import type { TaskFamily } from "e2gmm/messages/tasks";
import { ifDefined } from "lit/directives/if-defined.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, keepKey, unlessFocused } from "../controls.js";
import { menu } from "../menu.js";
import { type ListedRun, progressOf, type RunRow, type RunsModel, sizeText } from "./runsModel.js";

const columns = [
  "Run",
  "State",
  "Data set",
  "Particles",
  "Axes",
  "Resolution",
  "Evidence",
  "Started",
  "Size",
  "Start",
];

/** Forms that a run fills. */
export interface RunForms {
  /** The form that has made a run, or another output, with its settings. */
  clone(run: string, kind: ListedRun["kind"]): void;
  /** A form of a task for a run or a study. */
  begin(family: TaskFamily, run: string, kind: "run" | "study"): void;
  /** A second round of a run. */
  further(run: string): void;
  /** Two runs side by side. */
  compare(first: string, second: string): void;
}

/** The table of runs. */
export function runsPage(model: RunsModel, forms: RunForms): TemplateResult {
  const { runs, rows, run, search, status } = model;
  const find = (event: Event) => model.find((event.target as HTMLInputElement).value);
  return html`<section class="e2gmm-project-runs" aria-label="Runs">
    <div class="e2gmm-project-head">
      <h2>Runs</h2>
      <input
        type="search"
        aria-label="Search runs"
        placeholder="search"
        .value=${unlessFocused(search)}
        @input=${find}
        @keydown=${keepKey}
      />
      ${button("Refresh", "Look again", () => void model.look())}
    </div>
    <p role="status">${status}</p>
    ${
      runs === undefined
        ? html`<p>Looking for runs…</p>`
        : rows.length === 0
          ? html`<p>${runs.length === 0 ? "There are no runs yet." : "No run matches."}</p>`
          : table(model, rows, forms)
    }
    ${run ? details(model, run, forms) : nothing}
  </section>`;
}

function table(model: RunsModel, rows: readonly RunRow[], forms: RunForms): TemplateResult {
  return html`<div class="e2gmm-project-table"><table>
    <caption class="e2gmm-project-hidden">Runs below the folder of the server, newest first</caption>
    <thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => rowOf(model, row, forms))}</tbody>
  </table></div>`;
}

function rowOf(model: RunsModel, { run, depth }: RunRow, forms: RunForms): TemplateResult {
  const { folder, title, dataset, particles, axes, resolution, verdict = "", started, bytes, kind } = run;
  const isShown = folder === model.selected;
  const name = title === "" ? folder : title;
  const select = button(name, `Show ${folder}`, () => void model.select(folder), {
    pressed: isShown,
    className: "e2gmm-project-name",
  });
  return html`<tr ?data-selected=${isShown}>
    <th scope="row" style=${`padding-left: ${4 + 16 * depth}px`}>${depth > 0 ? html`<span aria-hidden="true">↳ </span>` : nothing}${select}${
      title === "" ? nothing : html`<small>${folder}</small>`
    }</th>
    <td>${stateCell(run)}</td>
    <td title=${dataset}>${dataset}</td>
    <td class="e2gmm-project-number">${particles?.toLocaleString("en") ?? ""}</td>
    <td class="e2gmm-project-number">${axes ?? (kind === "run" ? "" : kind)}</td>
    <td class="e2gmm-project-number">${resolution === undefined ? "" : `${resolution.toFixed(1)} Å`}</td>
    <td>${verdict === "none" ? "no heterogeneity" : verdict}</td>
    <td>${started === "" ? "" : new Date(started).toLocaleString()}</td>
    <td class="e2gmm-project-number">${sizeText(bytes)}</td>
    <td>${startMenu(run, forms)}</td>
  </tr>`;
}

/** Whether tasks can begin with it: a run, or a study of halves, of which a state is corrected. */
const canBegin = ({ kind, state, particles, jobs }: ListedRun): boolean =>
  state === "complete" &&
  (kind === "study"
    ? jobs.some(({ command }) => command[1] === "halves")
    : kind === "run" && particles !== undefined);

/** Closes the menu that a button is in: one that closed at the next press would move what is pressed. */
function closeMenu({ currentTarget }: Event): void {
  (currentTarget as HTMLElement).closest(".e2gmm-project-menu")?.removeAttribute("open");
}

/** What can be made of a run, as buttons that open forms. */
function startButtons({ folder, kind }: ListedRun, forms: RunForms): TemplateResult[] {
  const begin = (family: TaskFamily) => (event: Event) => {
    closeMenu(event);
    forms.begin(family, folder, kind === "study" ? kind : "run");
  };
  const reconstruct =
    "Maps of its states, of sets of particles, or of all particles with their motion undone";
  if (kind === "study")
    return [
      button(
        "Reconstruct…",
        "A state from all particles, each half corrected by its own training",
        begin("reconstruct"),
      ),
    ];
  return [
    button("Reconstruct…", reconstruct, begin("reconstruct")),
    button(
      "Study…",
      "What is reproduced with halves of the particles, other seeds or other options",
      begin("study"),
    ),
    button(
      "Refine poses…",
      "Poses against the moving model of this run, or in rounds by halves",
      begin("poses"),
    ),
    button("Second round", "Fill the form for a second round that starts from this run", (event) => {
      closeMenu(event);
      forms.further(folder);
    }),
  ];
}

function startMenu(run: ListedRun, forms: RunForms): TemplateResult | typeof nothing {
  if (!canBegin(run)) return nothing;
  const label = `Start something from ${run.folder}`;
  return menu("⋯", startButtons(run, forms), { label, className: "e2gmm-project-menu" });
}

function stateCell(run: ListedRun): TemplateResult {
  const { state } = run;
  const { percent } = progressOf(run);
  return html`<span class="e2gmm-project-state" data-state=${state}>${state}</span>${
    percent === undefined ? nothing : html` ${Math.floor(percent)} %`
  }`;
}

/** Files of a result, each of which opens in JupyterLab. */
function resultList(model: RunsModel, { folder, results }: ListedRun): TemplateResult | typeof nothing {
  if (results.length === 0) return nothing;
  const link = (file: string) =>
    html`<li>${button(file.split("/").pop(), `Open ${file}`, () => void model.openResult(file), {
      className: "e2gmm-project-name",
    })}</li>`;
  return html`<ul class="e2gmm-project-results" aria-label=${`Results of ${folder}`}>${results.map(link)}</ul>`;
}

/** Another run to be shown beside this one. */
function compareWith(
  { runs = [] }: RunsModel,
  { folder }: ListedRun,
  forms: RunForms,
): TemplateResult | typeof nothing {
  const others = runs.filter(
    (one) => one.folder !== folder && one.state === "complete" && one.kind === "run",
  );
  if (others.length === 0) return nothing;
  const chosen = (event: Event) => {
    const { value } = (event.currentTarget as HTMLElement).parentElement!.querySelector("select")!;
    forms.compare(folder, value);
  };
  return html`<div class="e2gmm-project-actions"><label><span>Compare with</span> <select aria-label="Run to compare with">${others.map(
    ({ folder: other, title }) =>
      html`<option value=${other}>${title === "" ? other : `${title} (${other})`}</option>`,
  )}</select></label>${button("Compare", `Show ${folder} and the other run side by side, linked by particle`, chosen)}</div>`;
}

function details(model: RunsModel, run: ListedRun, forms: RunForms): TemplateResult {
  const { folder, title, state, reason, kind, from, jobs } = run;
  const { text, percent } = progressOf(run);
  const isOpen = state === "waiting" || state === "running";
  const canResume = jobs.length > 0 && !isOpen && state !== "complete";
  const rename = (event: Event) => void model.rename(folder, (event.target as HTMLInputElement).value);
  const explorable = kind === "run" && run.particles !== undefined && state !== "damaged";
  return html`<section class="e2gmm-project-details" aria-label=${`Run ${folder}`}>
    <h3>${folder}</h3>
    <label><span>Title</span><input
      type="text"
      maxlength="200"
      placeholder="none"
      .value=${unlessFocused(title)}
      @change=${rename}
      @keydown=${keepKey}
    /></label>
    <p>${state}${reason === "" || state === "stopped" ? "" : `: ${reason}`}${from === undefined ? "" : `; started from ${from}`}</p>
    ${
      state === "running"
        ? html`<progress
              aria-label=${`Progress of ${folder}`}
              max="100"
              value=${ifDefined(percent === undefined ? undefined : percent.toFixed(1))}
            ></progress>
            <p class="e2gmm-project-progress" role="status">${text}</p>`
        : nothing
    }
    <div class="e2gmm-project-actions" role="group" aria-label="Actions">
      ${isOpen ? button("Stop", "Stop after the next step; the last checkpoint stays", () => void model.stop(folder)) : nothing}
      ${canResume ? button("Resume", "Continue at the last checkpoint", () => void model.resume(folder)) : nothing}
      ${
        explorable
          ? [
              button(
                "Open in explorer",
                "Open the explorer of this run in a panel",
                () => void model.explore(folder),
              ),
              button(
                "Explore in notebook",
                "Add a cell with the explorer to the notebook that was used last",
                () => model.exploreInNotebook(folder),
              ),
            ]
          : nothing
      }
      ${button(
        kind === "run" ? "New run with these settings" : "Again with these settings",
        "Fill the form with the settings of this one",
        () => forms.clone(folder, kind),
      )}
      ${canBegin(run) ? startButtons(run, forms) : nothing}
    </div>
    ${resultList(model, run)}
    ${explorable && state === "complete" ? compareWith(model, run, forms) : nothing}
    ${
      model.log === ""
        ? nothing
        : html`<details open><summary>Log</summary><div class="e2gmm-project-log" tabindex="0" role="log" aria-label=${`End of the log of ${folder}`}><pre>${model.log}</pre></div></details>`
    }
  </section>`;
}
