import type { Colouring } from "e2gmm/messages/gaussianViewer";
import type { MaskShape } from "e2gmm/messages/maskShapes";
import { element } from "../dom.js";
import { button, checkbox, choice, numberField, shortNumber, slider } from "./controls.js";
import { distances, roundedUp } from "./gaussians.js";
import type { DensityMapModel, GaussianViewerModel } from "./viewerModel.js";

/** The controls beside the picture: each section shows a part of the state and changes it. */

interface Section {
  node: HTMLDetailsElement;
  update(): void;
}

function section(title: string, open: boolean, parts: readonly Node[], update: () => void): Section {
  const node = element("details", { class: "e2gmm-section" }, element("summary", {}, title), ...parts);
  node.open = open;
  return { node, update };
}

const COLOURINGS: readonly (readonly [Colouring, string])[] = [
  ["displacement", "displacement from neutral"],
  ["amplitude", "amplitude"],
  ["amplitude change", "amplitude change"],
  ["region", "region"],
  ["free", "free or fixed"],
  ["none", "one colour"],
];

function spheresSection(model: GaussianViewerModel): Section {
  const shown = checkbox("shown", (spheresVisible) => model.change({ spheresVisible }));
  const colour = choice("Colour of the Gaussians", COLOURINGS, (colourBy) =>
    model.change({ colourBy: colourBy as Colouring }),
  );
  const size = slider(
    "Radius",
    { min: 0.2, max: 3, step: 0.05 },
    (value) => `${value.toFixed(2)} σ`,
    (sphereScale) => model.change({ sphereScale }),
  );
  const second = checkbox("second state", (secondVisible) => model.change({ secondVisible }));
  const parts = [
    shown.node,
    element("label", { class: "e2gmm-field" }, "Colour", colour.input),
    size.node,
    second.node,
  ];
  return section("Gaussians", true, parts, () => {
    shown.input.checked = model.read("spheresVisible");
    colour.input.value = model.read("colourBy");
    size.show(model.read("sphereScale"));
    second.node.hidden = model.read("second").length === 0;
    second.input.checked = model.read("secondVisible");
  });
}

function arrowsSection(model: GaussianViewerModel): Section {
  const shown = checkbox("shown", (arrowsVisible) => model.change({ arrowsVisible }));
  const scale = slider(
    "Length",
    { min: 0.25, max: 8, step: 0.25 },
    (value) => `${value}×`,
    (arrowScale) => model.change({ arrowScale }),
  );
  const least = slider(
    "Only above",
    { min: -0.25, max: 10, step: 0.25 },
    (value) => (value < 0 ? "a tenth" : `${shortNumber(value)} Å`),
    (arrowLeast) => model.change({ arrowLeast }),
  );
  const built = section("Motion arrows", true, [shown.node, scale.node, least.node], () => {
    const [from, to] = [model.read("arrowsFrom"), model.read("arrowsTo")];
    built.node.hidden = from.length === 0;
    if (from.length === 0 || from.length !== to.length) return;
    const box = { boxSize: model.read("boxSize"), apix: model.read("apix") };
    const most = roundedUp(distances(from, to, box).reduce((far, one) => Math.max(far, one), 0));
    least.setRange({ min: -most / 40, max: most, step: most / 40 });
    shown.input.checked = model.read("arrowsVisible");
    scale.show(model.read("arrowScale"));
    least.show(Math.max(-most / 40, model.read("arrowLeast")));
  });
  return built;
}

/** One map: whether it is shown, its colour, its level in σ and in its own units, its opacity. */
class MapRow {
  readonly node = element("div", { class: "e2gmm-map" });
  readonly #map: DensityMapModel;
  readonly #shown;
  readonly #colour = element("input", { class: "e2gmm-colour" });
  readonly #level;
  readonly #absolute;
  readonly #opacity;
  readonly #note = element("p", { class: "e2gmm-note" });

  /** @param map whose name stays what it is: a map of another name has another row */
  constructor(map: DensityMapModel) {
    this.#map = map;
    const name = map.read("name");
    this.#shown = checkbox(name, (visible) => map.change({ visible }));
    this.#shown.node.classList.add("e2gmm-map-name");
    this.#colour.type = "color";
    this.#colour.setAttribute("aria-label", `Colour of ${name}`);
    this.#colour.addEventListener("input", () => map.change({ colour: this.#colour.value }));
    this.#level = slider(
      "Level",
      { min: 0, max: 10, step: 0.05 },
      (sigmas) => `${sigmas.toFixed(1)} σ`,
      (sigmas) => map.change({ level: map.read("mean") + sigmas * map.read("sigma") }),
    );
    this.#absolute = numberField(`Level of ${name} in the units of the map`, (level) =>
      map.change({ level }),
    );
    this.#opacity = slider(
      "Opacity",
      { min: 0.1, max: 1, step: 0.05 },
      (part) => `${Math.round(100 * part)} %`,
      (opacity) => map.change({ opacity }),
    );
    this.node.append(
      element("div", { class: "e2gmm-row" }, this.#shown.node, this.#colour),
      element("div", { class: "e2gmm-row" }, this.#level.node, this.#absolute.input),
      this.#opacity.node,
      this.#note,
    );
    this.update();
  }

  update(): void {
    const map = this.#map;
    const [mean, sigma, level] = [map.read("mean"), map.read("sigma"), map.read("level")];
    const visible = map.read("visible");
    this.#shown.input.checked = visible;
    this.#colour.value = map.read("colour");
    if (sigma > 0) {
      const ends = [map.read("low"), map.read("high")].map((value) => (value - mean) / sigma) as [
        number,
        number,
      ];
      const sigmas = (level - mean) / sigma;
      this.#level.setRange({
        min: Math.floor(Math.min(0, ends[0], sigmas)),
        max: Math.ceil(Math.max(1, ends[1], sigmas)),
        step: 0.05,
      });
      this.#level.show(sigmas);
    }
    this.#absolute.show(level);
    this.#opacity.show(map.read("opacity"));
    for (const part of [this.#level.node, this.#absolute.input, this.#opacity.node]) part.hidden = !visible;
    const note = map.read("note");
    this.#note.textContent = note ? `${note[0]!.toUpperCase()}${note.slice(1)}.` : "";
    this.#note.hidden = !note || !visible;
  }
}

function mapsSection(model: GaussianViewerModel): Section {
  const list = element("div", { class: "e2gmm-maps" });
  const rows = new Map<DensityMapModel, { name: string; row: MapRow }>();
  return section("Density and maps", true, [list], () => {
    const maps = [model.read("density"), ...model.read("maps")];
    for (const map of rows.keys()) if (!maps.includes(map)) rows.delete(map);
    for (const map of maps) {
      const name = map.read("name");
      const there = rows.get(map);
      if (there?.name === name) there.row.update();
      else rows.set(map, { name, row: new MapRow(map) });
    }
    const wanted = maps.map((map) => rows.get(map)!.row.node);
    if (wanted.some((node, i) => list.children[i] !== node) || list.children.length !== wanted.length) {
      list.replaceChildren(...wanted);
    }
  });
}

function sliceSection(model: GaussianViewerModel): Section {
  const change = (changed: object) => model.change({ slice: { ...model.read("slice"), ...changed } });
  const shown = checkbox("shown", (visible) => change({ visible }));
  const map = choice("Map of the slice", [["", "decoded density"]], (name) => change({ map: name }));
  const axis = choice(
    "Axis across the slice",
    [
      ["x", "across x"],
      ["y", "across y"],
      ["z", "across z"],
    ],
    (name) => change({ axis: name }),
  );
  const position = slider(
    "Position",
    { min: 0, max: 1, step: 0.005 },
    (part) => `${Math.round(100 * part)} %`,
    (part) => change({ position: part }),
  );
  const parts = [shown.node, element("div", { class: "e2gmm-row" }, map.input, axis.input), position.node];
  return section("Slice", false, parts, () => {
    const slice = model.read("slice");
    map.setOptions([
      ["", "decoded density"],
      ...model.read("maps").map((one) => [one.read("name"), one.read("name")] as const),
    ]);
    shown.input.checked = slice.visible;
    map.input.value = slice.map;
    axis.input.value = slice.axis;
    position.show(slice.position);
  });
}

/** The mask: spheres and boxes that add Gaussians to the region or take them out. */
export class MaskSection implements Section {
  readonly node: HTMLDetailsElement;
  readonly #model: GaussianViewerModel;
  readonly #list = element("div", { class: "e2gmm-shapes" });
  readonly #count = element("p", { class: "e2gmm-note" });
  readonly #place: HTMLButtonElement;
  readonly #kind;
  readonly #mode;
  readonly #size;
  /** Which shape the next click on a Gaussian moves; -1: it places a new one; undefined: clicks only say what is there. */
  #waiting: number | undefined;
  #drawn: { shapes: readonly MaskShape[]; waiting: number | undefined } | undefined;

  constructor(model: GaussianViewerModel) {
    this.#model = model;
    this.#kind = choice(
      "Shape",
      [
        ["sphere", "sphere"],
        ["box", "box"],
      ],
      () => {},
    );
    this.#mode = choice(
      "What the shape does",
      [
        ["add", "adds"],
        ["subtract", "takes out"],
      ],
      () => {},
    );
    this.#size = numberField("Radius of the sphere or half the edge of the box in Å", () => {}, 0.1);
    const edge = model.read("boxSize") * model.read("apix");
    this.#size.input.value = shortNumber(Math.max(1, Math.round(edge / 12)));
    this.#place = button("Click to place", "Then click a Gaussian to put the shape there", () =>
      this.#await(this.#waiting === -1 ? undefined : -1),
    );
    const middle = button("Centre", "Put the shape in the middle of the box", () => this.#add([0, 0, 0]));
    const clear = button("Clear", "Remove all shapes", () => {
      this.#await(undefined);
      model.change({ shapes: [], region: new Uint8Array() });
    });
    const built = section(
      "Region",
      false,
      [
        element("div", { class: "e2gmm-row" }, this.#kind.input, this.#mode.input, this.#size.input, "Å"),
        element("div", { class: "e2gmm-row" }, this.#place, middle, clear),
        this.#list,
        this.#count,
      ],
      () => {},
    );
    this.node = built.node;
  }

  #await(shape: number | undefined): void {
    this.#waiting = shape;
    this.#place.setAttribute("aria-pressed", String(shape === -1));
    this.update();
  }

  #add(centre: readonly [number, number, number]): void {
    const typed = this.#size.input.valueAsNumber;
    const size = typed > 0 ? typed : 10;
    const mode = this.#mode.input.value as MaskShape["mode"];
    const shape: MaskShape =
      this.#kind.input.value === "box"
        ? { kind: "box", mode, centre, size: [2 * size, 2 * size, 2 * size] }
        : { kind: "sphere", mode, centre, radius: size };
    const shapes = [...this.#model.read("shapes"), shape];
    // The first shape shows what it does
    this.#model.change({ shapes, ...(shapes.length === 1 ? { colourBy: "region" } : {}) });
  }

  /** A Gaussian of the neutral model at `centre` was clicked. @returns whether the click was for the mask */
  clicked(centre: readonly [number, number, number]): boolean {
    if (this.#waiting === undefined) return false;
    if (this.#waiting < 0) this.#add(centre);
    else this.#change(this.#waiting, { centre });
    this.#await(undefined);
    return true;
  }

  #change(at: number, changed: Partial<MaskShape>): void {
    const shapes = this.#model
      .read("shapes")
      .map((shape, i) => (i === at ? ({ ...shape, ...changed } as MaskShape) : shape));
    this.#model.change({ shapes });
  }

  #row(shape: MaskShape, at: number): HTMLElement {
    const name = `${shape.kind} ${at + 1}`;
    const centre = ["x", "y", "z"].map((letter, axis) => {
      const field = numberField(`${letter} of ${name} in Å`, (value) => {
        const moved = [...shape.centre] as [number, number, number];
        moved[axis] = value;
        this.#change(at, { centre: moved });
      });
      field.show(shape.centre[axis]!);
      return field.input;
    });
    const sizes =
      shape.kind === "sphere"
        ? [numberField(`Radius of ${name} in Å`, (radius) => this.#change(at, { radius }), 0.1)]
        : ["x", "y", "z"].map((letter, axis) =>
            numberField(
              `Edge of ${name} along ${letter} in Å`,
              (value) => {
                const size = [...shape.size] as [number, number, number];
                size[axis] = value;
                this.#change(at, { size });
              },
              0.1,
            ),
          );
    sizes.forEach((field, i) => {
      field.show(shape.kind === "sphere" ? shape.radius : shape.size[i]!);
    });
    const mode = choice(
      `What ${name} does`,
      [
        ["add", "adds"],
        ["subtract", "takes out"],
      ],
      (value) => this.#change(at, { mode: value as MaskShape["mode"] }),
    );
    mode.input.value = shape.mode;
    const move = button("Move", `Move ${name}: then click a Gaussian`, () =>
      this.#await(this.#waiting === at ? undefined : at),
    );
    move.setAttribute("aria-pressed", String(this.#waiting === at));
    const remove = button("✕", `Remove ${name}`, () => {
      this.#waiting = undefined;
      const shapes = this.#model.read("shapes").filter((_, i) => i !== at);
      this.#model.change({ shapes, ...(shapes.length === 0 ? { region: new Uint8Array() } : {}) });
    });
    return element(
      "div",
      { class: "e2gmm-shape" },
      element("div", { class: "e2gmm-row" }, element("b", {}, name), mode.input, move, remove),
      element("div", { class: "e2gmm-row" }, "at", ...centre, "Å"),
      element(
        "div",
        { class: "e2gmm-row" },
        shape.kind === "sphere" ? "radius" : "edges",
        ...sizes.map(({ input }) => input),
        "Å",
      ),
    );
  }

  update(): void {
    this.#updateRows();
    this.#updateCount();
  }

  /** Rows stay as they are while nothing of theirs changes: someone may be typing in one. */
  #updateRows(): void {
    const shapes = this.#model.read("shapes");
    const drawn = this.#drawn;
    if (drawn && drawn.shapes === shapes && drawn.waiting === this.#waiting) return;
    this.#drawn = { shapes, waiting: this.#waiting };
    const editing = this.#list.contains(document.activeElement);
    const label = editing ? document.activeElement?.getAttribute("aria-label") : undefined;
    this.#list.replaceChildren(...shapes.map((shape, i) => this.#row(shape, i)));
    if (label) {
      for (const one of this.#list.querySelectorAll<HTMLElement>("input, select, button")) {
        if (one.getAttribute("aria-label") === label) one.focus();
      }
    }
  }

  #updateCount(): void {
    const region = this.#model.read("region");
    const inside = region.reduce((sum, flag) => sum + flag, 0);
    this.#count.textContent =
      this.#waiting !== undefined
        ? "Click a Gaussian to put the shape there."
        : region.length === 0
          ? "No region: place a sphere or a box."
          : inside === 0
            ? "The region is empty: no Gaussian of the neutral model has its centre in it."
            : `${inside} of ${region.length} Gaussians of the neutral model.`;
  }
}

/** All sections. */
export class Panel {
  readonly node = element("div", { class: "e2gmm-panel" });
  readonly mask: MaskSection;
  readonly #sections: readonly Section[];

  constructor(model: GaussianViewerModel) {
    this.mask = new MaskSection(model);
    this.#sections = [
      spheresSection(model),
      arrowsSection(model),
      mapsSection(model),
      sliceSection(model),
      this.mask,
    ];
    this.node.append(...this.#sections.map(({ node }) => node));
    this.update();
  }

  update(): void {
    for (const one of this.#sections) one.update();
  }
}
