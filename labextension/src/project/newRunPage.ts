import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, checkbox, choices, keepKey, select, unlessFocused } from "../controls.js";
import { checkCurve } from "./checkCurve.js";
import type { FileField, NewRunForm, NewRunModel } from "./newRunModel.js";
import { type ListedRun, timeOfRuns } from "./runsModel.js";

type TextField = { [K in keyof NewRunForm]: NewRunForm[K] extends string ? K : never }[keyof NewRunForm];

/** Advice of a second round's fields. */
const inherited = "Empty: as in that run";

/** The form of a new run. @param runs those of the project, which it can wait for, and whose times say what to expect */
export function newRunPage(model: NewRunModel, runs: readonly ListedRun[]): TemplateResult {
  const open = runs.filter(({ state }) => state === "waiting" || state === "running");
  const { form, starting, status, same } = model;
  const time = timeOfRuns(runs, form.particles.split("/").pop() ?? "");
  // Enter in a field does not start a run.
  const keep = (event: Event) => event.preventDefault();
  const isReady = !("missing" in same);
  return html`<form class="e2gmm-newRun" aria-label="New run" @submit=${keep} @keydown=${keepKey}>
    <h2>${form.from ? "Second round" : "New run"}</h2>
    <fieldset>
      <legend>Files</legend>
      ${file(model, "from", "Second round of", "Folder of a complete run, whose particles, model and settings it takes; empty: a run of its own")}
      ${form.from ? roundFiles(model) : ownFiles(model)}
    </fieldset>
    <fieldset>
      <legend>Model and training</legend>
      ${number(model, "resolution", "Resolution in Å", form.halves ? "Of the models of both halves; 8 to 10 is a good first look" : form.from ? inherited : "Empty: all that map, box and signal allow. Coarser is faster; 8 to 10 is a good first look at a large molecule")}
      ${form.from ? nothing : number(model, "gaussians", "Gaussians", form.halves ? "Empty: 512" : "Empty: as many as describe the map, at most 3,000. More take longer")}
      ${number(model, "latent", "Latent axes", "Empty: the training decides by what held-out particles support, at most 6. A number saves that survey")}
      ${number(model, "epochs", "Epochs", form.from ? inherited : "Empty: the training decides, at most 40 (100 for few particles)")}
      <div class="e2gmm-newRun-row" role="group" aria-label="What may change">
        <span>What may change</span>
        <span>${(["position", "amplitude", "width"] as const).map((kind) =>
          checkbox(kind, form[kind], (checked) => model.set({ [kind]: checked }), "e2gmm-newRun-check"),
        )}</span>
        <small>Position for motions, amplitude for parts that come and go${form.from ? "; all ticked: as in that run" : ""}</small>
      </div>
      ${form.from ? nothing : halvesRow(model)}
    </fieldset>
    <fieldset>
      <legend>Where</legend>
      ${file(model, "out", "Output folder", "New or empty. Choose the folder around it, or type")}
      ${places(model)}
      ${open.length > 0 ? waits(model, open) : nothing}
      ${time === "" ? nothing : html`<p>Expected time: ${time}</p>`}
    </fieldset>
    <fieldset>
      <legend>The same as a command and as a cell</legend>
      ${"missing" in same ? html`<p>${same.missing}</p>` : [code(model, "command", same.command), code(model, "cell", same.cell)]}
    </fieldset>
    <div class="e2gmm-newRun-actions">
      ${button("Start", "Start the run as a job that goes on without this page", () => void model.start(), {
        className: "jp-Button jp-mod-styled jp-mod-accept",
        disabled: !isReady || starting,
      })}
      <span role="status">${status}</span>
    </div>
  </form>`;
}

/** Files of a run of its own, with their check. */
function ownFiles(model: NewRunModel): TemplateResult {
  return html`${file(model, "particles", "Particles", ".star, .cs, .csg, .lst or .hdf of a finished refinement, with poses and CTF")}
      ${model.form.halves ? nothing : file(model, "map", "Consensus map", ".mrc of the same refinement; the Gaussian model is made of it")}
      ${file(model, "model", "or Gaussian model", ".txt of e2gmm neutral, instead of a map")}
      ${file(model, "mask", "Mask", "Gaussians may change where it is at least 0.5; empty: everywhere")}
      ${text(model, "symmetry", "Symmetry", "Such as C7 or D2: every unit gets its own place. Empty: none")}
      <div class="e2gmm-newRun-actions">
        ${
          model.checking
            ? button("Stop the check", "Stop the check", () => model.endCheck())
            : button("Check", "Look at particles and map as a training does", () => void model.check())
        }
        ${model.checking ? html`<span role="status">${checkText(model)}</span>` : nothing}
      </div>
      ${findings(model)}`;
}

/** What a second round takes of the run that it starts from. */
function roundFiles(model: NewRunModel): TemplateResult {
  const axes = select(
    choices(
      [
        ["fixed", "stay as they are, new ones for what is left"],
        ["kept", "go on in the training, with new ones"],
        ["drop", "are dropped, new ones only"],
      ],
      model.form.axes,
    ),
    (value) => model.set({ axes: value as NewRunForm["axes"] }),
    { label: "Its axes" },
  );
  return html`${file(model, "select", "Particles", "Set to train on: STAR or .cs of the explorer, or a list of indices (.txt); empty: all of that run")}
    ${file(model, "mask", "Mask", "Gaussians may change where it is at least 0.5, such as a region of the explorer; empty: as in that run")}
    <div class="e2gmm-newRun-row"><label><span>Its axes</span>${axes}</label><small>New axes describe what those of that run do not</small></div>`;
}

function halvesRow(model: NewRunModel): TemplateResult {
  return html`<div class="e2gmm-newRun-row">
        <span>Halves</span>
        ${checkbox("everything twice", model.form.halves, (halves) => model.set({ halves }), "e2gmm-newRun-check")}
        <small>A study on halves that never meet says what is reproduced; takes twice as long</small>
      </div>`;
}

function checkText({ checking }: NewRunModel): string {
  const { task, done, total } = checking!;
  return total > 0 ? `${task}, ${Math.floor((100 * done) / total)} %` : `${task}…`;
}

const signs = { ok: "✓ ok", warning: "⚠ warning", error: "✗ error" } as const;

function findings({ checked }: NewRunModel): TemplateResult | typeof nothing {
  if (!checked) return nothing;
  const counts = (["error", "warning"] as const).map((status) => ({
    status,
    count: checked.findings.filter((one) => one.status === status).length,
  }));
  const found = counts
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}${count > 1 ? "s" : ""}`);
  return html`<table class="e2gmm-newRun-findings">
    <caption>Check: ${found.length === 0 ? "in order" : found.join(", ")}</caption>
    <tbody>${checked.findings.map(
      ({ topic, status, sentence }) => html`<tr data-status=${status}>
        <td>${signs[status]}</td><th scope="row">${topic}</th><td>${sentence}</td>
      </tr>`,
    )}</tbody>
  </table>${checkCurve(checked.rings)}`;
}

function typed(model: NewRunModel, name: TextField, type: "text" | "number"): TemplateResult {
  const input = (event: Event) => model.set({ [name]: (event.target as HTMLInputElement).value });
  return html`<input
    type="text"
    inputmode=${type === "number" ? "decimal" : "text"}
    spellcheck="false"
    autocomplete="off"
    aria-describedby=${model.adviceId(name)}
    name=${name}
    placeholder=${type === "number" ? "auto" : ""}
    .value=${unlessFocused(model.form[name])}
    @input=${input}
  />`;
}

function row(
  model: NewRunModel,
  name: string,
  label: string,
  field: TemplateResult,
  advice: string,
): TemplateResult {
  return html`<div class="e2gmm-newRun-row">
    <label><span>${label}</span>${field}</label>
    <small id=${model.adviceId(name)}>${advice}</small>
  </div>`;
}

function text(model: NewRunModel, name: TextField, label: string, advice: string): TemplateResult {
  return row(model, name, label, typed(model, name, "text"), advice);
}

function number(model: NewRunModel, name: TextField, label: string, advice: string): TemplateResult {
  return row(model, name, label, typed(model, name, "number"), advice);
}

function file(model: NewRunModel, name: FileField, label: string, advice: string): TemplateResult {
  const choose = button("Choose…", `Choose in JupyterLab's files: ${label}`, () => void model.choose(name), {
    label: `Choose ${label}`,
  });
  return html`<div class="e2gmm-newRun-row">
    <label><span>${label}</span>${typed(model, name, "text")}</label>${choose}
    <small id=${model.adviceId(name)}>${advice}</small>
  </div>`;
}

function places(model: NewRunModel): TemplateResult {
  const { form, machine } = model;
  const local = `this machine, in the background${machine ? ` (${machine.cpus} processors)` : ""}`;
  const options: [string, string][] = [
    ["local", local],
    ["slurm", `Slurm, plain script${machine && !machine.slurm ? " (sbatch was not found here)" : ""}`],
    ["template", "Slurm, with a template of RELION or cryoSPARC"],
  ];
  const where = select(
    choices(options, form.where),
    (value) => model.set({ where: value as NewRunForm["where"] }),
    {
      label: "Where to run",
    },
  );
  const isSlurm = form.where !== "local";
  return html`<div class="e2gmm-newRun-row"><label><span>Run on</span>${where}</label><small>It goes on when the page, the kernel or the browser is closed</small></div>
    ${form.where === "template" ? file(model, "template", "Template", "Script with XXXcommandXXX, or cluster_script.sh with {{ run_cmd }}") : nothing}
    ${number(model, "cpus", "Processors", isSlurm ? "Empty: 4" : "Empty: all of this machine")}
    ${
      isSlurm
        ? [
            number(model, "gpus", "GPUs", "Empty: none"),
            number(model, "memory", "Memory in GB", "Empty: as the cluster has it"),
            text(
              model,
              "time",
              "Time limit",
              "Such as 12:00:00; at the limit a checkpoint is written and the job goes back into the queue",
            ),
            text(model, "partition", "Partition", "Empty: the cluster's own"),
          ]
        : nothing
    }`;
}

function waits(model: NewRunModel, open: readonly ListedRun[]): TemplateResult {
  const options: [string, string][] = [
    ["", "nothing: start at once"],
    ...open.map(({ folder, title }): [string, string] => [
      folder,
      title === "" ? folder : `${title} (${folder})`,
    ]),
  ];
  const after = select(choices(options, model.form.after), (value) => model.set({ after: value }), {
    label: "Wait for",
  });
  return html`<div class="e2gmm-newRun-row"><label><span>Wait for</span>${after}</label><small>Starts when that run is complete; two at a time on one machine take twice as long</small></div>`;
}

function code(model: NewRunModel, what: "command" | "cell", content: string): TemplateResult {
  return html`<div class="e2gmm-newRun-code">
    <pre tabindex="0" aria-label=${what === "command" ? "Command" : "Notebook cell"}>${content}</pre>
    ${button(`Copy ${what}`, `Copy the ${what} to the clipboard`, () => model.copy(content, what))}
  </div>`;
}
