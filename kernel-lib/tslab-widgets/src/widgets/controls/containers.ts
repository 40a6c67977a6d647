import { type Control, type ControlClass, child, widgetClass } from "../control";
import { domTraits } from "../layout";
import { escapeHtml, type Picture } from "../still";
import { choice, type GivenOf, int, list, nullable, text } from "../traits";
import { type AnyWidget, Widget } from "../widget";
import { barStyles, controlKind } from "./kinds";

/** Widgets that hold other widgets. */

const anyWidget = child<AnyWidget>(
  "a widget",
  (value) => value instanceof Widget,
  () => {
    throw new TypeError("a widget is expected");
  },
);

const boxEntries = {
  /** The widgets inside. */
  children: list<AnyWidget, AnyWidget>(anyWidget),
  /** Look of the box. Default: `""`, plain. */
  box_style: choice(barStyles, ""),
};
const boxTraits = domTraits(boxEntries);

function boxPicture(css: string) {
  return ({ children }: { children: readonly AnyWidget[] }): Picture => {
    const pictures = children.map((widget) => widget.picture());
    return {
      text: pictures.map((picture) => picture.text).join("\n"),
      html: `<div style="${css}">${pictures.map(({ html }) => html).join("")}</div>`,
    };
  };
}

const row = "display:flex;flex-wrap:wrap;gap:0.5em";
const column = "display:flex;flex-direction:column;gap:0.2em";

/** Properties of a box. */
export type BoxGiven = Partial<GivenOf<typeof boxTraits>>;

/** The class of a box. A named type: a declaration file would otherwise lose that its objects are widgets. */
export interface BoxClass {
  /** @param given the children alone, or properties */
  new (given?: readonly AnyWidget[] | BoxGiven): Control<typeof boxTraits>;
}

function boxClass(name: string, css: string): BoxClass {
  const Base = widgetClass(controlKind(name, boxTraits, { picture: boxPicture(css) }));
  return class extends Base {
    constructor(given: readonly AnyWidget[] | BoxGiven = {}) {
      super(Array.isArray(given) ? { children: given } : (given as BoxGiven));
    }
  };
}

/**
 * Widgets side by side, in as many rows as they need.
 * @example
 * ```ts
 * new HBox([new Label({ value: "Size" }), new IntSlider()])
 * ```
 */
export class Box extends boxClass("Box", row) {}
/**
 * Widgets side by side.
 * @example
 * ```ts
 * new HBox([new Button({ description: "Start" }), new Button({ description: "Stop" })])
 * ```
 */
export class HBox extends boxClass("HBox", row) {}
/**
 * Widgets one below the other.
 * @example
 * ```ts
 * new VBox([new IntSlider(), new Checkbox({ description: "Fast" })])
 * ```
 */
export class VBox extends boxClass("VBox", column) {}
/**
 * Widgets in the grid that the layout describes.
 * @example
 * ```ts
 * const fields = [1, 2, 3, 4].map((value) => new IntText({ value }));
 * new GridBox({ children: fields, layout: { display: "grid", grid_template_columns: "1fr 1fr" } })
 * ```
 */
export class GridBox extends boxClass("GridBox", row) {}

const titledEntries = {
  ...boxEntries,
  /** Titles of the children. */
  titles: list(text("")),
  /** The child that is shown; null: none. */
  selected_index: nullable(int(0)),
};
const titledTraits = domTraits(titledEntries);

function titledPicture({
  children,
  titles,
}: {
  children: readonly AnyWidget[];
  titles: readonly string[];
}): Picture {
  const parts = children.map((widget, i) => ({ title: titles[i] ?? "", ...widget.picture() }));
  return {
    text: parts.map((part) => `${part.title}\n${part.text}`).join("\n"),
    html: parts.map(({ title, html }) => `<section><b>${escapeHtml(title)}</b>${html}</section>`).join(""),
  };
}

function settleTitles({
  children,
  titles,
  selected_index,
}: {
  children: readonly AnyWidget[];
  titles: readonly string[];
  selected_index: number | null;
}) {
  return {
    titles: titles.length < children.length ? children.map((_, i) => titles[i] ?? "") : titles,
    selected_index: selected_index !== null && selected_index >= children.length ? null : selected_index,
  };
}

/** Widgets below titles (`titles`), of which the one at `selected_index` is open; null: none. */
export const Accordion: ControlClass<typeof titledTraits> = widgetClass(
  controlKind("Accordion", titledTraits, { settle: settleTitles, picture: titledPicture }),
);
/** See {@link Accordion:variable}. */
export type Accordion = Control<typeof titledTraits>;

const tabTraits = domTraits({
  ...titledEntries,
  /** The child that is shown; null: none. */
  selected_index: nullable(int(0), 0),
});
/** Widgets in tabs with titles (`titles`), of which the one at `selected_index` (0) is shown. */
export const Tab: ControlClass<typeof tabTraits> = widgetClass(
  controlKind("Tab", tabTraits, { settle: settleTitles, picture: titledPicture }),
);
/** See {@link Tab:variable}. */
export type Tab = Control<typeof tabTraits>;
