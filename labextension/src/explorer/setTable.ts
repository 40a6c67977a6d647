import { markerSigns } from "e2gmm/display/theme";
import type { ExplorerRequest, MapState, SetState } from "e2gmm/messages/explorer";
import { element } from "../dom.js";

export interface SetTableActions {
  ask(request: ExplorerRequest): void;
  tick(ids: readonly string[]): void;
  showMontage(set: SetState): void;
}

interface Row {
  node: HTMLTableRowElement;
  update(set: SetState, ticked: boolean): void;
}

const HEADINGS = ["", "Colour", "Set", "Particles", "Map", "FSC 0.143", ""];

/** The table of sets. Names are text in every place. */
export class SetTableView {
  readonly node: HTMLElement;
  private readonly body = element("tbody");
  private readonly all = element("input", { type: "checkbox", "aria-label": "Tick all sets" });
  private readonly empty = element(
    "p",
    { class: "e2gmm-explorer-empty" },
    "No sets yet. Select particles in the plot, or divide all of them into clusters.",
  );
  private readonly table: HTMLTableElement;
  private readonly rows = new Map<string, Row>();
  private sets: readonly SetState[] = [];
  private ticked: readonly string[] = [];

  constructor(private readonly actions: SetTableActions) {
    const headings = HEADINGS.map((heading, i) =>
      element(
        "th",
        { scope: "col", class: i === 3 || i === 5 ? "e2gmm-explorer-number" : undefined },
        heading,
      ),
    );
    headings[0]!.append(this.all);
    this.all.addEventListener("change", () =>
      actions.tick(this.all.checked ? this.sets.map(({ id }) => id) : []),
    );
    this.table = element(
      "table",
      { class: "e2gmm-explorer-sets", "aria-label": "Sets of particles" },
      element("thead", {}, element("tr", {}, ...headings)),
      this.body,
    );
    this.node = element("div", { class: "e2gmm-explorer-tableHost" }, this.table, this.empty);
  }

  update(sets: readonly SetState[], ticked: readonly string[]): void {
    this.sets = sets;
    this.ticked = ticked;
    this.table.hidden = sets.length === 0;
    this.empty.hidden = sets.length > 0;
    this.all.checked = sets.length > 0 && ticked.length === sets.length;
    this.all.indeterminate = ticked.length > 0 && ticked.length < sets.length;
    const there = new Set(sets.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (there.has(id)) continue;
      row.node.remove();
      this.rows.delete(id);
    }
    // Rows stay the elements they are, so that the focus stays where it is
    sets.forEach((set, i) => {
      let row = this.rows.get(set.id);
      if (!row) {
        row = this.row(set);
        this.rows.set(set.id, row);
      }
      if (this.body.children[i] !== row.node) this.body.insertBefore(row.node, this.body.children[i] ?? null);
      row.update(set, ticked.includes(set.id));
    });
  }

  private row(first: SetState): Row {
    const { actions } = this;
    const { id } = first;
    let set = first;
    const tick = element("input", { type: "checkbox" });
    tick.addEventListener("change", () => {
      const others = this.ticked.filter((other) => other !== id);
      actions.tick(tick.checked ? [...others, id] : others);
    });
    const colour = element("input", { type: "color", class: "e2gmm-explorer-colour" });
    colour.addEventListener("change", () => actions.ask({ kind: "recolour", set: id, colour: colour.value }));
    const marker = element("span", { class: "e2gmm-explorer-marker" });
    const name = element("input", {
      type: "text",
      class: "e2gmm-explorer-name",
      maxlength: 200,
      spellcheck: "false",
    });
    const rename = () => {
      if (name.value !== set.name) actions.ask({ kind: "rename", set: id, name: name.value });
      // What the kernel refuses goes back to what it was
      name.value = set.name;
    };
    name.addEventListener("blur", rename);
    name.addEventListener("keydown", (event) => {
      if (event.key === "Escape") name.value = set.name;
      if (event.key === "Enter" || event.key === "Escape") name.blur();
      event.stopPropagation();
    });
    const count = element("td", { class: "e2gmm-explorer-number" });
    const map = element("td", { class: "e2gmm-explorer-map" });
    const resolution = element("td", { class: "e2gmm-explorer-number" });
    const action = (text: string, title: string, act: () => void) => {
      const made = element("button", { type: "button", class: "e2gmm-explorer-link", title }, text);
      made.addEventListener("click", act);
      return made;
    };
    const select = action("Select", "Select these particles in the plot", () =>
      actions.ask({ kind: "select", set: id }),
    );
    const montage = action("Images", "Some particles beside projections of the model", () =>
      actions.showMontage(set),
    );
    const node = element(
      "tr",
      {},
      element("td", {}, tick),
      element("td", {}, colour, marker),
      element("td", { class: "e2gmm-explorer-nameCell" }, name),
      count,
      map,
      resolution,
      element("td", { class: "e2gmm-explorer-actions" }, select, montage),
    );
    let mapShown = "";
    const update = (next: SetState, ticked: boolean) => {
      set = next;
      tick.checked = ticked;
      tick.setAttribute("aria-label", `Tick ${next.name}`);
      colour.value = next.colour;
      colour.setAttribute("aria-label", `Colour of ${next.name}`);
      // Circles are what points are; other shapes tell sets of one colour apart
      marker.textContent = next.marker === "circle" ? "" : markerSigns[next.marker];
      marker.title = next.marker === "circle" ? "" : `Drawn as ${next.marker}`;
      marker.style.color = next.colour;
      name.setAttribute("aria-label", `Name of the set ${next.name}`);
      name.title = next.name;
      if (document.activeElement !== name) name.value = next.name;
      count.textContent = next.count.toLocaleString("en");
      const state = JSON.stringify({ ...next.map, fsc: null });
      const bar = map.querySelector("progress");
      if (bar && next.map?.status === "running") {
        // The button beside it stays the one that is being pressed
        bar.max = next.map.total;
        bar.value = next.map.done;
      } else if (state !== mapShown) {
        mapShown = state;
        map.replaceChildren(...this.mapCell(id, next.map));
        resolution.textContent = resolutionText(next.map);
      }
    };
    return { node, update };
  }

  private mapCell(id: string, map: MapState | null): Node[] {
    const { actions } = this;
    const button = (text: string, title: string, request: ExplorerRequest) => {
      const made = element("button", { type: "button", class: "e2gmm-explorer-link", title }, text);
      made.addEventListener("click", () => actions.ask(request));
      return made;
    };
    const make = (text: string) =>
      button(text, "Reconstruct this set in the background", { kind: "reconstruct", sets: [id] });
    const stop = () => button("Stop", "Stop the reconstruction", { kind: "stop", set: id });
    switch (map?.status) {
      case undefined:
        return [make("Reconstruct")];
      case "waiting":
        return ["waiting ", stop()].map(asNode);
      case "running": {
        const bar = element("progress", { max: map.total, value: map.done, "aria-label": "Reconstruction" });
        return [bar, stop()];
      }
      case "done": {
        const shown = element("input", { type: "checkbox" });
        shown.checked = map.shown;
        shown.addEventListener("change", () =>
          actions.ask({ kind: "showMap", set: id, shown: shown.checked }),
        );
        return [element("label", { class: "e2gmm-explorer-check" }, shown, "show")];
      }
      case "failed":
        return [
          element("span", { class: "e2gmm-explorer-failed", title: map.text }, "failed "),
          make("Again"),
        ];
    }
  }
}

function asNode(part: Node | string): Node {
  return typeof part === "string" ? document.createTextNode(part) : part;
}

function resolutionText(map: MapState | null): string {
  if (map?.status !== "done") return "";
  return map.resolution === null ? "none" : `${map.resolution.toFixed(1)} Å`;
}
