import type { WidgetModel } from "@jupyter-widgets/base";

export interface Answer {
  content: Record<string, unknown>;
  buffers: readonly DataView[];
}

/** Questions to the kernel side of a model, each with its answer. */
export class Requests {
  private readonly open = new Map<
    string,
    { done: (answer: Answer) => void; failed: (error: Error) => void }
  >();
  /** Other views of the model have questions of their own. */
  private readonly own = Math.random().toString(36).slice(2);
  private count = 0;

  constructor(private readonly model: WidgetModel) {
    model.on("msg:custom", this.heard, this);
  }

  ask(kind: string, fields: Record<string, unknown> = {}): Promise<Answer> {
    if (!this.model.comm_live) return Promise.reject(new Error("The kernel has gone."));
    const id = `${this.own}-${++this.count}`;
    return new Promise((done, failed) => {
      this.open.set(id, { done, failed });
      this.model.send({ kind, id, ...fields }, this.model.callbacks());
    });
  }

  private heard(content: Record<string, unknown>, buffers: DataView[] = []): void {
    const asked = this.open.get(content["id"] as string);
    if (!asked) return;
    this.open.delete(content["id"] as string);
    if (content["kind"] === "problem") asked.failed(new Error(String(content["text"])));
    else asked.done({ content, buffers });
  }

  /** Nothing more is answered. */
  end(): void {
    this.model.off("msg:custom", this.heard, this);
    this.fail("The view was closed.");
  }

  fail(reason: string): void {
    for (const { failed } of this.open.values()) failed(new Error(reason));
    this.open.clear();
  }
}
