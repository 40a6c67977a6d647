import { element } from "../dom.js";
import { icon } from "./icons.js";
import type { Mode, Tool } from "./overlay.js";
import type { ScatterChoice, Snapshot } from "./snapshot.js";

/** What the buttons and fields ask for. */
export interface ToolbarEvents {
  axis(which: "x" | "y" | "z" | "colour", name: string): void;
  tool(tool: Tool): void;
  select(how: "all" | "none" | "invert"): void;
  /** Around the probe, with the radius or number in the fields. */
  aroundProbe(): void;
  stations(count: number): void;
  anchorAtProbe(): void;
  anchors(change: "undo" | "clear"): void;
  zoom(change: "in" | "out" | "home"): void;
  png(): void;
  csv(what: "selected" | "all"): void;
}

type IconName = Parameters<typeof icon>[0];

const tools: readonly [Tool, IconName, string][] = [
  ["probe", "probe", "Move the probe: press anywhere and drag"],
  ["pan", "pan", "Move and zoom the picture (double-click shows all)"],
  ["lasso", "lasso", "Select with a lasso (shift adds, alt takes away)"],
  ["box", "box", "Select a box (shift adds, alt takes away)"],
  [
    "radius",
    "radius",
    "Select within a radius, by distance in the latent space: drag from the centre, or click to use the radius in the field (shift adds, alt takes away)",
  ],
  [
    "nearest",
    "nearest",
    "Select those nearest to a click, by distance in the latent space (shift adds, alt takes away)",
  ],
  ["path", "path", "Path: each click adds an anchor"],
];

const modes: readonly [Mode, string][] = [
  ["replace", "A selection replaces the last"],
  ["add", "A selection is added to the last"],
  ["subtract", "A selection is taken away from the last"],
];

export class Toolbar {
  readonly node: HTMLElement;
  tool: Tool = "probe";
  mode: Mode = "replace";
  private readonly toolButtons = new Map<Tool, HTMLButtonElement>();
  private readonly modeButtons = new Map<Mode, HTMLButtonElement>();
  private readonly selects: Record<"x" | "y" | "z" | "colour", HTMLSelectElement>;
  private readonly radiusField = numberField("Radius", "any", "0");
  private readonly countField = numberField("Number of particles", "1", "1");
  private readonly stationField = numberField("Stations", "1", "1");
  private readonly selecting: HTMLElement;
  private readonly options: Record<"radius" | "nearest" | "path", HTMLElement>;
  private readonly flat: HTMLElement[];

  constructor(events: ToolbarEvents) {
    const choose = (which: "x" | "y" | "z" | "colour", label: string) =>
      element("select", {
        "aria-label": label,
        title: label,
        class: "e2gmm-scatter-select",
        onchange: (event) => events.axis(which, (event.target as HTMLSelectElement).value),
      });
    this.selects = {
      x: choose("x", "Horizontal axis"),
      y: choose("y", "Vertical axis"),
      z: choose("z", "Third axis"),
      colour: choose("colour", "Colour"),
    };
    this.countField.value = "100";
    this.stationField.addEventListener("input", () => {
      const count = Number(this.stationField.value);
      if (Number.isInteger(count) && count > 0) events.stations(count);
    });
    const around = () =>
      button("probe", "Select around the probe", () => events.aroundProbe(), "around the probe");
    this.options = {
      radius: element("span", { class: "e2gmm-scatter-options" }, "radius", this.radiusField, around()),
      nearest: element("span", { class: "e2gmm-scatter-options" }, "nearest", this.countField, around()),
      path: element(
        "span",
        { class: "e2gmm-scatter-options" },
        "stations",
        this.stationField,
        button("anchor", "Add an anchor where the probe is", () => events.anchorAtProbe()),
        button("undo", "Take the last anchor away", () => events.anchors("undo")),
        button("clear", "Take the path away", () => events.anchors("clear")),
      ),
    };
    const toolGroup = group("Tools");
    for (const [tool, name, label] of tools) {
      const made = button(name, label, () => events.tool(tool));
      made.dataset["tool"] = tool;
      this.toolButtons.set(tool, made);
      toolGroup.append(made);
    }
    this.selecting = group("Selection");
    for (const [mode, label] of modes) {
      const made = button(mode, label, () => {
        this.mode = mode;
        this.pressed();
      });
      this.modeButtons.set(mode, made);
      this.selecting.append(made);
    }
    const selection = group(
      "Selection of particles",
      button("all", "Select all", () => events.select("all")),
      button("invert", "Invert the selection", () => events.select("invert")),
      button("clear", "Clear the selection", () => events.select("none")),
    );
    const zooms = group(
      "Zoom",
      button("zoomIn", "Zoom in", () => events.zoom("in")),
      button("zoomOut", "Zoom out", () => events.zoom("out")),
      button("home", "Show all", () => events.zoom("home")),
    );
    const exports = group(
      "Export",
      button("png", "Save the picture (PNG)", () => events.png(), "PNG"),
      button(
        "csv",
        "Save a table of the selected particles, or of all where none is selected (CSV)",
        () => events.csv("selected"),
        "CSV",
      ),
    );
    this.flat = [toolGroup, this.selecting, zooms];
    const labelled = (text: string, select: HTMLSelectElement) =>
      element("label", { class: "e2gmm-scatter-label" }, text, select);
    this.node = element(
      "div",
      { class: "e2gmm-scatter-toolbar", role: "toolbar", "aria-label": "Latent scatter" },
      group(
        "Axes",
        labelled("x", this.selects.x),
        labelled("y", this.selects.y),
        labelled("z", this.selects.z),
        labelled("colour", this.selects.colour),
      ),
      toolGroup,
      this.selecting,
      selection,
      this.options.radius,
      this.options.nearest,
      this.options.path,
      zooms,
      exports,
    );
    this.pressed();
  }

  get radius(): number {
    return Number(this.radiusField.value);
  }
  set radius(radius: number) {
    this.radiusField.value = String(Number(radius.toPrecision(3)));
  }

  get number(): number {
    return Number(this.countField.value);
  }

  update(state: Snapshot): void {
    fill(this.selects.x, state.axes, state.x);
    fill(this.selects.y, state.axes, state.y);
    fill(this.selects.z, state.axes, state.z ?? "", "none");
    fill(this.selects.colour, state.colours, state.colour, "none");
    if (document.activeElement !== this.stationField) this.stationField.value = String(state.stationCount);
    const three = state.z !== null;
    for (const part of this.flat) part.hidden = three;
    this.pressed(three);
  }

  pressed(three = this.flat[0]!.hidden): void {
    for (const [tool, made] of this.toolButtons)
      made.setAttribute("aria-pressed", String(tool === this.tool));
    for (const [mode, made] of this.modeButtons)
      made.setAttribute("aria-pressed", String(mode === this.mode));
    const selecting = !three && ["lasso", "box", "radius", "nearest"].includes(this.tool);
    this.selecting.hidden = !selecting;
    for (const tool of ["radius", "nearest", "path"] as const) {
      this.options[tool].hidden = three || this.tool !== tool;
    }
  }
}

function group(label: string, ...children: Node[]): HTMLElement {
  return element("span", { class: "e2gmm-scatter-group", role: "group", "aria-label": label }, ...children);
}

function button(name: IconName, label: string, act: () => void, words = ""): HTMLButtonElement {
  return element(
    "button",
    { type: "button", class: "e2gmm-scatter-button", title: label, "aria-label": label, onclick: act },
    icon(name),
    ...(words ? [element("span", {}, words)] : []),
  );
}

function numberField(label: string, step: string, min: string): HTMLInputElement {
  return element("input", { type: "number", class: "e2gmm-scatter-number", "aria-label": label, step, min });
}

/** Puts choices into a select, in groups by kind. */
function fill(
  select: HTMLSelectElement,
  choices: readonly ScatterChoice[],
  value: string,
  none?: string,
): void {
  const key = JSON.stringify([choices, none]);
  if (select.dataset["choices"] !== key) {
    select.dataset["choices"] = key;
    select.replaceChildren();
    if (none !== undefined) select.append(element("option", { value: "" }, none));
    const kinds = new Map<string, HTMLOptGroupElement>();
    for (const { name, kind } of choices) {
      const words = {
        latent: "Latent",
        component: "Components",
        number: "Columns",
        category: "Categories",
        sets: "Sets",
      };
      let into = kinds.get(kind);
      if (!into) {
        into = element("optgroup", { label: words[kind] });
        kinds.set(kind, into);
        select.append(into);
      }
      into.append(element("option", { value: name }, name));
    }
  }
  select.value = value;
}
