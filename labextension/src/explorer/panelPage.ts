import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, choices, labelled, select } from "../controls.js";
import type { PanelModel, RunListing } from "./panelModel.js";

/** The first page of the panel. */
export function panelPage(model: PanelModel): TemplateResult {
  if (model.stage !== "choosing") return html`${model.status}`;
  const { kernels, kernel, listing, starting, status } = model;
  const some = kernels.length > 0;
  const kernelSelect = select(
    choices(
      kernels.map(({ id, name }) => [id, name] as const),
      kernel ?? "",
    ),
    (id) => void model.selectKernel(id),
    { label: "Kernel" },
  );
  return html`<h2>Explore a run</h2>
    <p>${
      some
        ? "The explorer runs in a kernel; cells can also use its sets and maps."
        : "No e2gmm kernel is running."
    }</p>
    <p class="e2gmm-explorerPanel-kernel">
      ${some ? [labelled("Kernel", kernelSelect), button("Refresh", "Look again", () => void model.choose())] : nothing}
      ${button("Start a kernel", "Start a kernel without a notebook", () => void model.startKernel(), {
        disabled: starting,
      })}
    </p>
    <div>${listing && [explorerList(model, listing), runList(model, listing)]}</div>
    <p role="status">${status}</p>`;
}

function explorerList(model: PanelModel, { explorers }: RunListing): TemplateResult | typeof nothing {
  if (explorers.length === 0) return nothing;
  return html`<section>
    <h3>Open in this kernel</h3>
    <ul>${explorers.map(
      (explorer) =>
        html`<li>${button(explorer.folder, "Show this explorer", () => void model.resume(explorer))}</li>`,
    )}</ul>
  </section>`;
}

function runList(model: PanelModel, { folder, runs }: RunListing): TemplateResult {
  const submit = (event: Event) => {
    event.preventDefault();
    const typed = new FormData(event.target as HTMLFormElement).get("folder");
    if (typeof typed === "string" && typed.trim() !== "") void model.open(typed.trim());
  };
  const field = html`<input
    type="text"
    name="folder"
    size="48"
    spellcheck="false"
    placeholder="another run folder"
  />`;
  return html`<section>
    <h3>Runs below <code>${folder}</code></h3>
    ${
      runs.length === 0
        ? html`<p>No runs were found.</p>`
        : html`<ul>${runs.map(
            (run) =>
              html`<li>${button(
                run.folder,
                "Open the explorer of this run",
                () => void model.open(run.folder),
                {
                  disabled: !run.usable,
                },
              )} ${run.about}</li>`,
          )}</ul>`
    }
    <form @submit=${submit}>
      ${labelled("Folder", field)}
      <button type="submit" class="jp-Button jp-mod-styled">Open</button>
    </form>
  </section>`;
}
