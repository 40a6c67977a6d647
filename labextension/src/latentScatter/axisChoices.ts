import { guard } from "lit/directives/guard.js";
import { html, type TemplateResult } from "lit/html.js";
import { choices, select } from "../controls.js";
import type { ScatterViewModel } from "./scatterViewModel.js";
import type { ScatterChoice } from "./snapshot.js";

/** What an axis or the colours show. */
export type AxisRole = "x" | "y" | "z" | "colour";

const labels: Readonly<Record<AxisRole, string>> = {
  x: "Horizontal axis",
  y: "Vertical axis",
  z: "Third axis",
  colour: "Colour",
};

/** A choice of what an axis or the colours show. */
export function axisChoice(model: ScatterViewModel, role: AxisRole): TemplateResult {
  const { axes, colours } = model.state;
  const [all, value, optional] =
    role === "colour"
      ? ([colours, model.state.colour, true] as const)
      : ([axes, model.state[role] ?? "", role === "z"] as const);
  const label = labels[role];
  return html`<label class="e2gmm-scatter-label">${role}${select(
    guard([all, value], () => options(all, value, optional)),
    (name) => model.chooseAxis(role, name),
    { label, title: label, className: "e2gmm-scatter-select" },
  )}</label>`;
}

const kindLabels: Readonly<Record<ScatterChoice["kind"], string>> = {
  latent: "Latent",
  component: "Components",
  number: "Columns",
  category: "Categories",
  sets: "Sets",
};

/** Options of a select, in groups by kind. @param optional whether `none` can be chosen */
function options(all: readonly ScatterChoice[], value: string, optional: boolean): unknown[] {
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  return [
    optional ? choices([["", "none"]], value) : [],
    kinds.map((kind) => {
      const names = all.filter((choice) => choice.kind === kind).map(({ name }) => [name, name] as const);
      return html`<optgroup label=${kindLabels[kind]}>${choices(names, value)}</optgroup>`;
    }),
  ];
}
