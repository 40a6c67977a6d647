import type { WidgetModel } from "@jupyter-widgets/base";

/** The kernel's answer to a request. */
export interface Answer {
  /** Message, as JSON. */
  content: Record<string, unknown>;
  /** Binary data that came with it. */
  buffers: readonly DataView[];
}

/** Requests from a view to the kernel side of its model, by custom messages; each gets an answer. */
export class Requests {
  private readonly open = new Map<
    string,
    { resolve: (answer: Answer) => void; reject: (error: Error) => void }
  >();
  /** Distinguishes the requests of this view from those of other views of the model. */
  private readonly prefix = Math.random().toString(36).slice(2);
  private count = 0;

  constructor(private readonly model: WidgetModel) {
    model.on("msg:custom", this.receive, this);
  }

  /** Sends a request. @throws Error with the kernel's message, or if the kernel has stopped or the view is closed */
  ask(kind: string, fields: Record<string, unknown> = {}): Promise<Answer> {
    if (!this.model.comm_live) return Promise.reject(new Error("The kernel is no longer running."));
    const id = `${this.prefix}-${++this.count}`;
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      this.model.send({ kind, id, ...fields }, this.model.callbacks());
    });
  }

  private receive(content: Record<string, unknown>, buffers: DataView[] = []): void {
    const request = this.open.get(content["id"] as string);
    if (!request) return;
    this.open.delete(content["id"] as string);
    if (content["kind"] === "problem") request.reject(new Error(String(content["text"])));
    else request.resolve({ content, buffers });
  }

  /** Stops listening and rejects all open requests. */
  dispose(): void {
    this.model.off("msg:custom", this.receive, this);
    this.fail("The view was closed.");
  }

  /** Rejects all open requests. */
  fail(reason: string): void {
    for (const { reject } of this.open.values()) reject(new Error(reason));
    this.open.clear();
  }
}
