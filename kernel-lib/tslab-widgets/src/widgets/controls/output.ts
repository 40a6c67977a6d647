import { currentTransport } from "../../transport";
import { widgetClass } from "../control";
import { domTraits } from "../layout";
import { escapeHtml } from "../still";
import { json, list, text } from "../traits";

/** The widget that holds output of cells. */

/** An output in the form of the notebook format. */
export type NotebookOutput = Record<string, unknown>;

const outputTraits = domTraits({
  /** Id of the request whose output a live front end moves here. Default: `""`, none. */
  msg_id: text(""),
  /** The output, in the form of the notebook format. */
  outputs: list(json<NotebookOutput>(() => ({}))),
});

const outputModule = { module: "@jupyter-widgets/output", version: "1.0.0" };

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

/** Milliseconds for which captured output is collected before it is sent to the views. */
const collectMs = 20;

/**
 * An area for output of cells, which can be shown anywhere in the notebook.
 * @example
 * ```ts
 * const output = new Output();
 * await output.capture(() => console.log("shown there"));
 * output
 * ```
 */
export class Output extends widgetClass({
  modelName: "OutputModel",
  modelModule: outputModule.module,
  modelModuleVersion: outputModule.version,
  viewName: "OutputView",
  viewModule: outputModule.module,
  viewModuleVersion: outputModule.version,
  traits: outputTraits,
  picture({ outputs }) {
    // Streams contain their line ends, displays do not.
    const text = outputs
      .map(outputText)
      .reduce((all, next) => all + (/[^\n]$/.test(all) ? "\n" : "") + next, "");
    return { text, html: outputs.map(outputHtml).join("") };
  },
}) {
  /** Outputs that have not been sent to the views; the last of them may still grow. */
  #collected: NotebookOutput[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Indices of displays with an id, under which they can be replaced. */
  readonly #places = new Map<string, number>();
  /** Whether the next output replaces the present ones. */
  #clearFirst = false;

  /**
   * Calls `fn` and shows its output in this widget instead of below the cell. With an async function and a live
   * front end, this includes all output of the cell until `fn` has ended.
   *
   * A live front end moves the output itself. A program that only records is not asked to: nbclient would answer every piece of
   * output on the socket on which it waits for the cell's reply, and would miss a reply that arrives at that moment
   * (jupyter_client sends past the asyncio socket and so consumes its edge-triggered wake-up). It would then wait forever.
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

  /** Takes a message of a type that belongs in an output area. @returns whether it did */
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
      this.#collect()[place] = { output_type: "display_data", data, metadata };
      return true;
    }
    if (type !== "stream" && type !== "display_data") return false;
    if (this.#clearFirst) this.clear();
    const outputs = this.#collect();
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

  #collect(): NotebookOutput[] {
    this.#timer ??= setTimeout(() => this.#show(), collectMs);
    this.#collected ??= [...this.get("outputs")];
    return this.#collected;
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const outputs = this.#collected;
    this.#collected = undefined;
    if (outputs) this.set({ outputs });
  }

  /** Adds text to the output. */
  appendText(content: string, stream: "stdout" | "stderr" = "stdout"): void {
    this.#show();
    const output = { output_type: "stream", name: stream, text: content };
    this.set({ outputs: [...this.get("outputs"), output] });
  }

  /** Removes all output. */
  clear(): void {
    this.#collected = undefined;
    this.#show();
    this.#places.clear();
    this.#clearFirst = false;
    this.set({ outputs: [] });
  }
}
