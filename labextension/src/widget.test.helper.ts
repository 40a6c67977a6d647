/** Stands in for the model of an ipywidget: state with events, without a kernel. */
export class FakeWidget<S extends object> {
  readonly attributes: S;
  /** What was sent to the kernel, one entry per `save_changes()`. */
  readonly sent: Partial<S>[] = [];
  playedFrame: number | undefined;
  private readonly listeners: { event: string; listener: (...args: never[]) => void }[] = [];
  private unsent: Partial<S> = {};
  private changing: Partial<S> = {};

  constructor(state: S) {
    this.attributes = { ...state };
  }

  get<K extends keyof S & string>(key: K): S[K] {
    return this.attributes[key];
  }

  set(state: Partial<S>): void {
    Object.assign(this.unsent, state);
    this.receive(state);
  }

  save_changes(): void {
    this.sent.push(this.unsent);
    this.unsent = {};
  }

  changedAttributes(): object {
    return this.changing;
  }

  /** The kernel sends another state. */
  receive(state: Partial<S>): void {
    Object.assign(this.attributes, state);
    this.changing = state;
    for (const key of Object.keys(state)) this.emit(`change:${key}`);
    this.emit("change");
  }

  emit(event: string, ...args: unknown[]): void {
    for (const one of [...this.listeners]) if (one.event === event) one.listener(...(args as never[]));
  }

  on(events: string, listener: (...args: never[]) => void): void {
    for (const event of events.split(" ")) this.listeners.push({ event, listener });
  }

  off(events: string, listener: (...args: never[]) => void): void {
    for (const event of events.split(" ")) {
      const at = this.listeners.findIndex((one) => one.event === event && one.listener === listener);
      if (at >= 0) this.listeners.splice(at, 1);
    }
  }

  get listenerCount(): number {
    return this.listeners.length;
  }
}

/** Requests to a kernel, answered by the test. */
export class FakeKernel {
  readonly requests: { kind: string; fields: Record<string, unknown> }[] = [];
  /** Answers to requests in order; an `Error` rejects. Without one, the answer is empty. */
  readonly answers: (Record<string, unknown> | Error)[] = [];
  buffers: DataView[] = [];

  readonly ask = async (kind: string, fields: Record<string, unknown> = {}) => {
    this.requests.push({ kind, fields });
    const answer = this.answers.shift() ?? {};
    if (answer instanceof Error) throw answer;
    return { content: answer, buffers: this.buffers };
  };
}

/** Waits until promises that are settled have called their handlers. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
