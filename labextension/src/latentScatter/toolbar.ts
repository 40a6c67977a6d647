import { guard } from "lit/directives/guard.js";
import { html, type TemplateResult } from "lit/html.js";
import { button, choices, select, unlessFocused } from "../controls.js";
import { type IconName, icon } from "./icons.js";
import type { ScatterViewModel } from "./scatterViewModel.js";
import type { ScatterChoice } from "./snapshot.js";
import { type Mode, selectionTools, type Tool } from "./tools.js";

const tools: readonly (readonly [Tool, string])[] = [
  ["probe", "Move the probe: press anywhere and drag"],
  ["pan", "Move and zoom the picture (double-click shows all)"],
  ["lasso", "Select with a lasso (shift adds, alt subtracts)"],
  ["box", "Select a box (shift adds, alt subtracts)"],
  [
    "radius",
    "Select within a radius, by distance in the latent space: drag from the centre, or click to use the radius in the field (shift adds, alt subtracts)",
  ],
  [
    "nearest",
    "Select the particles nearest to a click, by distance in the latent space (shift adds, alt subtracts)",
  ],
  ["path", "Path: each click adds an anchor"],
];

const modes: readonly (readonly [Mode, string])[] = [
  ["replace", "New selections replace the last one"],
  ["add", "New selections are added to the last one"],
  ["subtract", "New selections are subtracted from the last one"],
];

/** Files that the toolbar saves. */
export interface ScatterFiles {
  /** Saves the picture. */
  savePng(): void;
  /** Saves a table of particles. */
  saveCsv(): void;
}

/** The row of controls above the plot. */
export function toolbar(model: ScatterViewModel, files: ScatterFiles): TemplateResult {
  const flat = !model.threeAxes;
  return html`<div class="e2gmm-scatter-toolbar" role="toolbar" aria-label="Latent scatter">
    ${group("Axes", axes(model))}
    ${group(
      "Tools",
      tools.map(([tool, label]) =>
        iconButton(tool, label, () => model.useTool(tool), { pressed: tool === model.tool, tool }),
      ),
      flat,
    )}
    ${group(
      "Selection",
      modes.map(([mode, label]) =>
        iconButton(mode, label, () => model.useMode(mode), { pressed: mode === model.mode }),
      ),
      flat && selectionTools.includes(model.tool),
    )}
    ${group("Selection of particles", [
      iconButton("all", "Select all", () => model.selectAll("all")),
      iconButton("invert", "Invert the selection", () => model.selectAll("invert")),
      iconButton("clear", "Clear the selection", () => model.selectAll("none")),
    ])}
    ${toolOptions(model, flat)}
    ${group(
      "Zoom",
      [
        iconButton("zoomIn", "Zoom in", () => model.zoom("in")),
        iconButton("zoomOut", "Zoom out", () => model.zoom("out")),
        iconButton("home", "Show all", () => model.zoom("home")),
      ],
      flat,
    )}
    ${group(
      "Population",
      [
        iconButton(
          "population",
          "Draw the population without the errors of the places: over a histogram its curve, over two latent axes the outlines of its densest 50 and 95 %",
          () => model.togglePopulation(),
          { pressed: model.state.population },
        ),
      ],
      flat && model.state.populationKnown,
    )}
    ${group("Export", [
      iconButton("png", "Save the picture (PNG)", () => files.savePng(), { words: "PNG" }),
      iconButton(
        "csv",
        "Save a table of the selected particles, or of all if none are selected (CSV)",
        () => files.saveCsv(),
        { words: "CSV" },
      ),
    ])}
  </div>`;
}

function group(label: string, content: unknown, shown = true): TemplateResult {
  return html`<span class="e2gmm-scatter-group" role="group" aria-label=${label} ?hidden=${!shown}>${content}</span>`;
}

interface IconButtonOptions {
  /** Text beside the icon. Default: none. */
  words?: string;
  pressed?: boolean;
  tool?: Tool;
}

function iconButton(
  name: IconName,
  label: string,
  act: () => void,
  { words, pressed, tool }: IconButtonOptions = {},
): TemplateResult {
  const content = words === undefined ? icon(name) : [icon(name), html`<span>${words}</span>`];
  return button(content, label, act, { className: "e2gmm-scatter-button", label, pressed, tool });
}

function axes(model: ScatterViewModel): TemplateResult[] {
  const { axes, colours, x, y, z, colour } = model.state;
  const axis = (which: "x" | "y" | "z" | "colour", label: string, options: AxisOptions) =>
    html`<label class="e2gmm-scatter-label">${which}${select(
      guard([options.choices, options.value], () => axisChoices(options)),
      (name) => model.chooseAxis(which, name),
      { label, title: label, className: "e2gmm-scatter-select" },
    )}</label>`;
  return [
    axis("x", "Horizontal axis", { choices: axes, value: x, optional: false }),
    axis("y", "Vertical axis", { choices: axes, value: y, optional: false }),
    axis("z", "Third axis", { choices: axes, value: z ?? "", optional: true }),
    axis("colour", "Colour", { choices: colours, value: colour, optional: true }),
  ];
}

interface AxisOptions {
  choices: readonly ScatterChoice[];
  value: string;
  /** Whether `none` can be chosen. */
  optional: boolean;
}

const kindLabels: Readonly<Record<ScatterChoice["kind"], string>> = {
  latent: "Latent",
  component: "Components",
  number: "Columns",
  category: "Categories",
  sets: "Sets",
};

/** Options of a select, in groups by kind. */
function axisChoices({ choices: all, value, optional }: AxisOptions): unknown[] {
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  return [
    optional ? choices([["", "none"]], value) : [],
    kinds.map((kind) => {
      const names = all.filter((choice) => choice.kind === kind).map(({ name }) => [name, name] as const);
      return html`<optgroup label=${kindLabels[kind]}>${choices(names, value)}</optgroup>`;
    }),
  ];
}

function toolOptions(model: ScatterViewModel, flat: boolean): TemplateResult {
  const options = (tool: Tool, content: unknown) =>
    html`<span class="e2gmm-scatter-options" ?hidden=${!flat || model.tool !== tool}>${content}</span>`;
  const around = () =>
    iconButton("probe", "Select around the probe", () => model.selectAroundProbe(), {
      words: "around the probe",
    });
  return html`${options("radius", [
    "radius",
    numberField(model, {
      label: "Radius",
      integer: false,
      value: model.radiusText,
      onInput: (text) => model.typeRadius(text),
    }),
    around(),
  ])}
  ${options("nearest", [
    "nearest",
    numberField(model, {
      label: "Number of particles",
      integer: true,
      value: model.numberText,
      onInput: (text) => model.typeNumber(text),
    }),
    around(),
  ])}
  ${options("path", [
    "stations",
    numberField(model, {
      label: "Stations",
      integer: true,
      value: String(model.state.stationCount),
      onInput: (text) => model.setStations(text),
    }),
    iconButton("anchor", "Add an anchor at the probe", () => model.addAnchorAtProbe()),
    iconButton("undo", "Remove the last anchor", () => model.changeAnchors("undo")),
    iconButton("clear", "Remove the path", () => model.changeAnchors("clear")),
  ])}`;
}

interface NumberFieldOptions {
  label: string;
  integer: boolean;
  value: string;
  onInput: (text: string) => void;
}

function numberField(
  model: ScatterViewModel,
  { label, integer, value, onInput }: NumberFieldOptions,
): TemplateResult {
  return html`<input
    type="number"
    class="e2gmm-scatter-number"
    aria-label=${label}
    step=${integer ? "1" : "any"}
    min=${integer ? 1 : 0}
    .value=${unlessFocused(value)}
    @input=${(event: Event) => onInput((event.target as HTMLInputElement).value)}
    @blur=${() => model.changed()}
  />`;
}
