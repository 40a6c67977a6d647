import { html, type TemplateResult } from "lit/html.js";
import { menu } from "../menu.js";
import { axisChoice } from "./axisChoices.js";
import { type IconButtonOptions, iconButton } from "./iconButton.js";
import { type IconName, icon } from "./icons.js";
import type { ScatterViewModel } from "./scatterViewModel.js";
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

/** The row of controls above the plot: tools, colours, and a menu with the rest. */
export function toolbar(model: ScatterViewModel, files: ScatterFiles): TemplateResult {
  const flat = !model.threeAxes;
  return html`<div class="e2gmm-scatter-toolbar" role="toolbar" aria-label="Latent scatter">
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
    <span class="e2gmm-scatter-rest"
      >${axisChoice(model, "colour")}${menu(icon("more"), rest(model, files, flat), {
        label: "Selection, zoom, files",
        className: "e2gmm-scatter-menu",
      })}</span
    >
  </div>`;
}

/** The controls in the menu. */
function rest(model: ScatterViewModel, files: ScatterFiles, flat: boolean): TemplateResult[] {
  return [
    group("Selection of particles", [
      entry("all", "Select all", () => model.selectAll("all")),
      entry("invert", "Invert the selection", () => model.selectAll("invert")),
      entry("clear", "Clear the selection", () => model.selectAll("none")),
    ]),
    group(
      "Zoom",
      [
        entry("zoomIn", "Zoom in", () => model.zoom("in")),
        entry("zoomOut", "Zoom out", () => model.zoom("out")),
        entry("box", "Zoom to the selection", () => model.zoom("selection"), {
          disabled: model.state.selectedCount === 0,
        }),
        entry("home", "Show all", () => model.zoom("home")),
      ],
      flat,
    ),
    group(
      "Population",
      iconButton(
        "population",
        "Draw the population without the errors of the places: over a histogram its curve, over two latent axes the outlines of its densest 50 and 95 %",
        () => model.togglePopulation(),
        { words: "Population without the errors", pressed: model.state.population },
      ),
      flat && model.state.populationKnown,
    ),
    group("Export", [
      iconButton("png", "Save the picture (PNG)", () => files.savePng(), { words: "Picture (PNG)" }),
      iconButton(
        "csv",
        "Save a table of the selected particles, or of all if none are selected (CSV)",
        () => files.saveCsv(),
        { words: "Table (CSV)" },
      ),
    ]),
  ];
}

/** A button of the menu, whose words are its name. */
function entry(
  name: IconName,
  label: string,
  act: () => void,
  options: IconButtonOptions = {},
): TemplateResult {
  return iconButton(name, label, act, { words: label, ...options });
}

function group(label: string, content: unknown, shown = true): TemplateResult {
  return html`<span class="e2gmm-scatter-group" role="group" aria-label=${label} ?hidden=${!shown}>${content}</span>`;
}
