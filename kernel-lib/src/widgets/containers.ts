import { controlKind } from "./controlKinds";
import { domTraits } from "./layout";
import { escapeHtml, type Picture } from "./still";
import { choice, type GivenOf, int, json, list, nullable, text } from "./traits";
import { currentTransport } from "./transport";
import { type AnyWidget, type Control, type ControlClass, child, Widget, widgetClass } from "./widget";

/** Widgets that hold other widgets, and the one that holds a cell's output. */

const anyWidget = child<AnyWidget>(
  "a widget",
  (value) => value instanceof Widget,
  () => {
    throw new TypeError("a widget is expected");
  },
);

const boxStyles = ["", "success", "info", "warning", "danger"] as const;

const boxTraits = {
  ...domTraits(),
  children: list<AnyWidget, AnyWidget>(anyWidget),
  box_style: choice(boxStyles, ""),
};

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

type BoxGiven = Partial<GivenOf<typeof boxTraits>>;

/** Boxes may be made of an array of widgets alone. Named, or a declaration file would lose what makes it a widget. */
interface BoxClass {
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

export class Box extends boxClass("Box", row) {}
/** Widgets side by side. */
export class HBox extends boxClass("HBox", row) {}
/** Widgets one below the other. */
export class VBox extends boxClass("VBox", column) {}
export class GridBox extends boxClass("GridBox", row) {}

const titledTraits = {
  ...boxTraits,
  titles: list(text("")),
  selected_index: nullable(int(0)),
};

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

export const Accordion: ControlClass<typeof titledTraits> = widgetClass(
  controlKind("Accordion", titledTraits, { settle: settleTitles, picture: titledPicture }),
);
export type Accordion = Control<typeof titledTraits>;

const tabTraits = { ...titledTraits, selected_index: nullable(int(0), 0) };
export const Tab: ControlClass<typeof tabTraits> = widgetClass(
  controlKind("Tab", tabTraits, { settle: settleTitles, picture: titledPicture }),
);
export type Tab = Control<typeof tabTraits>;

/** Outputs in the form of the notebook format. */
type NotebookOutput = Record<string, unknown>;

const outputTraits = {
  ...domTraits(),
  msg_id: text(""),
  outputs: list(json<NotebookOutput>(() => ({}))),
};

const OUTPUT = { module: "@jupyter-widgets/output", version: "1.0.0" };

function outputText(output: NotebookOutput): string {
  const data = output["data"] as Record<string, unknown> | undefined;
  const joined = (value: unknown) => (Array.isArray(value) ? value.join("") : String(value ?? ""));
  return joined(output["text"] ?? data?.["text/plain"] ?? output["evalue"]);
}

/** An area for output, wherever it is shown. */
export class Output extends widgetClass({
  modelName: "OutputModel",
  modelModule: OUTPUT.module,
  modelModuleVersion: OUTPUT.version,
  viewName: "OutputView",
  viewModule: OUTPUT.module,
  viewModuleVersion: OUTPUT.version,
  traits: outputTraits,
  picture({ outputs }) {
    const plain = outputs.map(outputText).join("");
    return { text: plain, html: `<pre>${escapeHtml(plain)}</pre>` };
  },
}) {
  /**
   * Runs `fn`; what it prints and displays appears in this widget instead of below the cell. With an async function,
   * so does what else the cell puts out meanwhile.
   */
  async capture<T>(fn: () => T | Promise<T>): Promise<T> {
    this.set({ msg_id: currentTransport()?.parentId ?? "" });
    try {
      return await fn();
    } finally {
      this.set({ msg_id: "" });
    }
  }

  /** Adds text that was not printed by the running cell. */
  appendText(content: string, stream: "stdout" | "stderr" = "stdout"): void {
    const output = { output_type: "stream", name: stream, text: content };
    this.set({ outputs: [...this.get("outputs"), output] });
  }

  clear(): void {
    this.set({ outputs: [] });
  }
}
