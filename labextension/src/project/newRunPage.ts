import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, keepKey } from "../controls.js";
import { checkCurve } from "./checkCurve.js";
import { choiceRow, type TypedRow, tickRow, typedRow } from "./forms/formRows.js";
import { sameRows } from "./forms/sameRows.js";
import { whereRows } from "./forms/whereRows.js";
import type { FileField, NewRunForm, NewRunModel } from "./newRunModel.js";
import { type ListedRun, rangeText, timeOfRuns } from "./runsModel.js";

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
  return html`<form class="e2gmm-form" aria-label="New run" @submit=${keep} @keydown=${keepKey}>
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
      ${tickRow({
        label: "What may change",
        advice: `Position for motions, amplitude for parts that come and go${form.from ? "; all ticked: as in that run" : ""}`,
        ticks: (["position", "amplitude", "width"] as const).map((kind) => ({
          ...{ text: kind, checked: form[kind] },
          set: (checked) => model.set({ [kind]: checked }),
        })),
      })}
      ${form.from ? nothing : halvesRow(model)}
    </fieldset>
    <fieldset>
      <legend>Where</legend>
      ${file(model, "out", "Output folder", "New or empty. Choose the folder around it, or type")}
      ${whereRows({
        ...{ form, machine: model.machine, open },
        set: (change) => model.set(change),
        choose: (name) => void model.choose(name),
        adviceId: (name) => model.adviceId(name),
      })}
      ${time === "" ? nothing : html`<p>Expected time: ${time}</p>`}
      ${form.from ? nothing : expectedTime(model)}
    </fieldset>
    ${sameRows(same, (content, what) => model.copy(content, what))}
    <div class="e2gmm-form-actions">
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
      <div class="e2gmm-form-actions">
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
  const axes = choiceRow({
    ...{
      label: "Its axes",
      advice: "New axes describe what those of that run do not",
      value: model.form.axes,
    },
    options: [
      ["fixed", "stay as they are, new ones for what is left"],
      ["kept", "go on in the training, with new ones"],
      ["drop", "are dropped, new ones only"],
    ],
    set: (value) => model.set({ axes: value as NewRunForm["axes"] }),
  });
  return html`${file(model, "select", "Particles", "Set to train on: STAR or .cs of the explorer, or a list of indices (.txt); empty: all of that run")}
    ${file(model, "mask", "Mask", "Gaussians may change where it is at least 0.5, such as a region of the explorer; empty: as in that run")}
    ${axes}`;
}

function halvesRow(model: NewRunModel): TemplateResult {
  return tickRow({
    label: "Halves",
    advice: "A study on halves that never meet says what is reproduced; takes twice as long",
    ticks: [{ text: "everything twice", checked: model.form.halves, set: (halves) => model.set({ halves }) }],
  });
}

/** What the run is expected to take by a measurement on this machine. */
function expectedTime(model: NewRunModel): TemplateResult {
  const { expected, measuring, form } = model;
  const where = form.where === "local" ? "" : "; the nodes of the cluster may be faster or slower";
  return html`<div class="e2gmm-form-actions">
    ${button(
      "Estimate the time",
      "Measure a step of this training here, which takes some seconds",
      () => void model.measure(),
      {
        disabled: measuring || form.particles === "",
      },
    )}
    <span role="status">${
      measuring ? "measuring…" : expected ? `${rangeText(expected.seconds)}: ${expected.from}${where}` : ""
    }</span>
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

function field(
  model: NewRunModel,
  name: TextField,
  label: string,
  advice: string,
  more: Pick<TypedRow, "numeric" | "choose">,
): TemplateResult {
  return typedRow({
    ...{ name, label, advice, adviceId: model.adviceId(name), value: model.form[name] },
    set: (value) => model.set({ [name]: value }),
    ...more,
  });
}

function text(model: NewRunModel, name: TextField, label: string, advice: string): TemplateResult {
  return field(model, name, label, advice, {});
}

function number(model: NewRunModel, name: TextField, label: string, advice: string): TemplateResult {
  return field(model, name, label, advice, { numeric: true });
}

function file(model: NewRunModel, name: FileField, label: string, advice: string): TemplateResult {
  return field(model, name, label, advice, { choose: () => void model.choose(name) });
}
