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

const joined = (value: unknown) => (Array.isArray(value) ? value.join("") : String(value ?? ""));

function outputText(output: NotebookOutput): string {
  const data = output["data"] as Record<string, unknown> | undefined;
  return joined(output["text"] ?? data?.["text/plain"] ?? output["evalue"]);
}

function outputHtml(output: NotebookOutput): string {
  const data = (output["data"] ?? {}) as Record<string, unknown>;
  const html = data["text/html"] ?? data["image/svg+xml"];
  if (html !== undefined) return joined(html);
  const png = data["image/png"];
  if (png !== undefined) return `<img src="data:image/png;base64,${escapeHtml(joined(png))}">`;
  return `<pre>${escapeHtml(outputText(output))}</pre>`;
}

/** How long output that was taken is gathered before the views learn of it. */
const GATHER_MS = 20;

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
    // Streams end their lines themselves, displays do not.
    const text = outputs
      .map(outputText)
      .reduce((all, next) => all + (/[^\n]$/.test(all) ? "\n" : "") + next, "");
    return { text, html: outputs.map(outputHtml).join("") };
  },
}) {
  /** Outputs that the views do not know yet; the last of them may still grow. */
  #gathered: NotebookOutput[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Where the displays lie that have an id, under which they can be replaced. */
  readonly #places = new Map<string, number>();
  /** The next output replaces those that are there. */
  #clearFirst = false;

  /**
   * Runs `fn`; what it prints and displays appears in this widget instead of below the cell. With an async function and
   * a live front end, so does what else the cell puts out meanwhile.
   *
   * A live front end is asked to move the output. A program that only records is not: nbclient would answer every piece
   * of output on the socket where it waits for the cell's reply, and does not see a reply that comes at that moment
   * (jupyter_client sends past the asyncio socket, and so takes away its edge-triggered wake-up). It then waits for ever.
   */
  async capture<T>(fn: () => T | Promise<T>): Promise<T> {
    const transport = currentTransport();
    if (transport?.captureOutput) {
      try {
        return await transport.captureOutput((type, content) => this.#take(type, content), fn);
      } finally {
        this.#show();
      }
    }
    this.set({ msg_id: transport?.parentId ?? "" });
    try {
      return await fn();
    } finally {
      this.set({ msg_id: "" });
    }
  }

  /** Whether a message is of a kind that belongs into an output area; then it is there from now on. */
  #take(type: string, content: Record<string, unknown>): boolean {
    if (type === "clear_output") {
      if (content["wait"] === true) this.#clearFirst = true;
      else this.clear();
      return true;
    }
    const { data, metadata = {} } = content;
    const id = (content["transient"] as { display_id?: string } | undefined)?.display_id;
    if (type === "update_display_data") {
      const place = id === undefined ? undefined : this.#places.get(id);
      if (place === undefined) return false;
      this.#gather()[place] = { output_type: "display_data", data, metadata };
      return true;
    }
    if (type !== "stream" && type !== "display_data") return false;
    if (this.#clearFirst) this.clear();
    const outputs = this.#gather();
    const last = outputs.at(-1);
    if (type === "display_data") {
      if (id !== undefined) this.#places.set(id, outputs.length);
      outputs.push({ output_type: type, data, metadata });
    } else if (last?.["output_type"] === type && last["name"] === content["name"]) {
      outputs[outputs.length - 1] = { ...last, text: joined(last["text"]) + joined(content["text"]) };
    } else {
      outputs.push({ output_type: type, name: content["name"], text: content["text"] });
    }
    return true;
  }

  #gather(): NotebookOutput[] {
    this.#timer ??= setTimeout(() => this.#show(), GATHER_MS);
    this.#gathered ??= [...this.get("outputs")];
    return this.#gathered;
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const outputs = this.#gathered;
    this.#gathered = undefined;
    if (outputs) this.set({ outputs });
  }

  /** Adds text that was not printed by the running cell. */
  appendText(content: string, stream: "stdout" | "stderr" = "stdout"): void {
    this.#show();
    const output = { output_type: "stream", name: stream, text: content };
    this.set({ outputs: [...this.get("outputs"), output] });
  }

  clear(): void {
    this.#gathered = undefined;
    this.#show();
    this.#places.clear();
    this.#clearFirst = false;
    this.set({ outputs: [] });
  }
}
