import { html, nothing, type TemplateResult } from "lit/html.js";
import { button, checkbox, choices, keepKey, select, unlessFocused } from "../../controls.js";
import type { RegionFields, RegionPanelModel } from "./regionPanelModel.js";

type TextField = {
  [K in keyof RegionFields]: RegionFields[K] extends string ? K : never;
}[keyof RegionFields];

/** The panel of the region, below scatter and molecule. @param disabled whether the kernel is gone */
export function regionPanel(model: RegionPanelModel, disabled: boolean): TemplateResult {
  const toggle = (event: Event) => {
    if ((event.currentTarget as HTMLDetailsElement).open) model.open();
  };
  return html`<details class="e2gmm-region" @toggle=${toggle}>
    <summary>Region: measure a part of the molecule, keep it as a mask, train in it</summary>
    <fieldset ?disabled=${disabled || model.busy !== ""}>
      <p class="e2gmm-region-summary" role="status">${model.summary}
        <small>Spheres, boxes and a brush are under Region in the controls of the molecule.</small></p>
      ${row("Add", adds(model))} ${bodies(model)} ${chains(model)} ${maps(model)} ${measure(model)} ${masks(model)}
      ${round(model)}
    </fieldset>
    <p class=${`e2gmm-region-message${model.problem ? " e2gmm-mod-problem" : ""}`} role="status">${
      model.busy === "" ? model.message : model.busy
    }</p>
  </details>`;
}

function row(title: string, ...content: unknown[]): TemplateResult {
  return html`<div class="e2gmm-region-row" role="group" aria-label=${title}><span>${title}</span><div>${content}</div></div>`;
}

function adds(model: RegionPanelModel): TemplateResult {
  const modes = [
    ["add", "adds to the region"],
    ["subtract", "takes out of the region"],
  ] as const;
  return html`What is chosen below ${select(
    choices(modes, model.fields.mode),
    (mode) => model.set({ mode: mode as RegionFields["mode"] }),
    { label: "What chosen parts do" },
  )}`;
}

function bodies(model: RegionPanelModel): TemplateResult {
  const found = model.state?.bodies ?? [];
  return row(
    "Moving parts",
    field(model, "bodies", "Number of moving parts", { size: 3, number: true }),
    button(
      "Find",
      "Divide the molecule into parts that each move as a rigid body",
      () => void model.findBodies(),
    ),
    found.map(({ count, motion, left }, i) =>
      button(
        `${i + 1}: ${count} Gaussians, ${motion.toFixed(1)} Å`,
        `Use part ${i + 1}, which moves by ${motion.toFixed(1)} Å RMS from the mean; ${left.toFixed(1)} Å are left without its rigid motion`,
        () => void model.addBody(i),
      ),
    ),
  );
}

function chains(model: RegionPanelModel): TemplateResult {
  const { chains: found = [], chainFile = "" } = model.state ?? {};
  return row(
    "Chain",
    field(model, "file", "Atomic model (PDB or mmCIF)", {
      size: 30,
      placeholder: "model.pdb, in the map's frame",
    }),
    "within",
    field(model, "distance", "Largest distance of a Gaussian from an atom in Å", { size: 4, number: true }),
    "Å",
    button("Read chains", "Find the Gaussians of each chain", () => void model.readChains()),
    found.map(({ chain, count }) =>
      button(
        `${chain || "–"}: ${count}`,
        `Use chain ${chain || "without a name"} of ${chainFile}, ${count} Gaussians`,
        () => void model.addChain(chain),
        { disabled: count === 0 },
      ),
    ),
  );
}

function maps(model: RegionPanelModel): TemplateResult {
  const names = model.maps;
  if (names.length === 0)
    return row("Map", html`<small>No map is shown: reconstruct a set, or show the density.</small>`);
  const chosen = names.includes(model.fields.map) ? model.fields.map : names[0]!;
  return row(
    "Map",
    select(
      choices(
        names.map((name) => [name, name] as const),
        chosen,
      ),
      (map) => model.set({ map }),
      { label: "Map whose level bounds the part" },
    ),
    button(
      "From its level",
      "Use the Gaussians where the map is at its level or above",
      () => void model.addMap(),
    ),
  );
}

function particles(model: RegionPanelModel): TemplateResult {
  const options: [string, string][] = [
    ["all", "all particles"],
    ["selection", `the selection (${model.selected.toLocaleString("en")})`],
    ...model.sets.map(({ id, name, count }): [string, string] => [
      `set:${id}`,
      `${name} (${count.toLocaleString("en")})`,
    ]),
  ];
  const { particles: chosen } = model;
  const value = typeof chosen === "string" ? chosen : `set:${chosen.set}`;
  return select(choices(options, value), (of) => model.set({ particles: of }), { label: "Particles" });
}

function measure(model: RegionPanelModel): TemplateResult {
  const { motion } = model;
  const rest = motion?.outside === null ? "" : `, ${motion?.outside.toFixed(2)} Å outside`;
  return row(
    "Motion",
    particles(model),
    button(
      "Measure",
      "How far the region moves from the mean state over these particles",
      () => void model.measure(),
    ),
    motion
      ? html`<output class="e2gmm-region-motion">${motion.inside.toFixed(2)} Å RMS inside${rest} <small>(decoded at ${motion.decoded.toLocaleString("en")} of ${motion.of.toLocaleString("en")} particles)</small></output>`
      : nothing,
  );
}

function masks(model: RegionPanelModel): TemplateResult {
  const names = model.state?.masks ?? [];
  return row(
    "Mask",
    field(model, "name", "Name of the mask", { size: 14 }),
    "soft edge",
    field(model, "softEdge", "Width of the soft edge in Å", { size: 5, number: true, placeholder: "auto" }),
    "Å",
    checkbox(
      "replace",
      model.fields.overwrite,
      (overwrite) => model.set({ overwrite }),
      "e2gmm-explorer-check",
    ),
    button(
      "Save mask",
      "Keep the region in the run folder, as an MRC file and as shapes",
      () => void model.save(),
    ),
    names.length > 0
      ? [
          chosenMask(model, names),
          button("Use again", "Make this mask the region again", () => void model.restore()),
        ]
      : nothing,
  );
}

function chosenMask(model: RegionPanelModel, names: readonly string[]): TemplateResult {
  return select(
    choices(
      names.map((name) => [name, name] as const),
      model.mask,
    ),
    (mask) => model.set({ mask }),
    { label: "Saved mask" },
  );
}

const axesChoices = [
  ["fixed", "stay as they are; new ones for what is left"],
  ["kept", "go on in the training, with new ones"],
  ["drop", "are dropped; new ones only"],
] as const;

function round(model: RegionPanelModel): TemplateResult {
  const { same, state } = model;
  if ((state?.masks.length ?? 0) === 0) return row("Second round", html`<small>Save a mask first.</small>`);
  return html`${row(
    "Second round",
    html`<span>in the mask <b>${model.mask}</b> with ${particleText(model)}; axes of this run</span>`,
    select(
      choices(axesChoices, model.fields.axes),
      (axes) => model.set({ axes: axes as RegionFields["axes"] }),
      {
        label: "Axes of this run",
      },
    ),
  )}
  ${row(
    "",
    "new axes",
    field(model, "latent", "New axes", { size: 4, number: true, placeholder: "auto" }),
    "epochs",
    field(model, "epochs", "Epochs", { size: 4, number: true, placeholder: "auto" }),
    "processors",
    field(model, "cpus", "Processors", {
      size: 4,
      number: true,
      placeholder: state ? String(state.cpus) : "",
    }),
    "into",
    field(model, "out", "Folder of the second round", { size: 28, placeholder: state?.out ?? "" }),
    button(
      "Train here",
      "Start the second round as a job that goes on without this page",
      () => void model.train(),
      {
        disabled: !model.canTrain,
      },
    ),
  )}
  ${
    "missing" in same
      ? html`<p class="e2gmm-region-missing">${same.missing}</p>`
      : (["command", "cell"] as const).map(
          (what) => html`<div class="e2gmm-region-code">
            <pre tabindex="0" aria-label=${what === "command" ? "Command of the second round" : "Notebook cell of the second round"}>${same[what]}</pre>
            ${button(`Copy ${what}`, `Copy the ${what} to the clipboard`, () => void model.copy(same[what], what))}
          </div>`,
        )
  }`;
}

function particleText(model: RegionPanelModel): string {
  const { particles: chosen } = model;
  if (chosen === "all") return "all particles";
  if (chosen === "selection") return `the selection (${model.selected.toLocaleString("en")})`;
  return `the set “${model.sets.find(({ id }) => id === chosen.set)?.name ?? ""}”`;
}

function field(
  model: RegionPanelModel,
  name: TextField,
  label: string,
  { size, number = false, placeholder = "" }: { size: number; number?: boolean; placeholder?: string },
): TemplateResult {
  return html`<input
    type="text"
    inputmode=${number ? "decimal" : "text"}
    size=${size}
    spellcheck="false"
    autocomplete="off"
    aria-label=${label}
    title=${label}
    placeholder=${placeholder}
    .value=${unlessFocused(model.fields[name])}
    @input=${(event: Event) => model.set({ [name]: (event.target as HTMLInputElement).value })}
    @keydown=${keepKey}
  />`;
}
