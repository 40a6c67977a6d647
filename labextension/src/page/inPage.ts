import type { WidgetModel, WidgetView } from "@jupyter-widgets/base";
import type { Comm, CommMessage, CommOpenOptions, CommTransport } from "tslab-widgets";

/**
 * The kernel's side and the page's side of widgets in one page: messages take the way that they take between a kernel and
 * JupyterLab, but stay in memory. So a page without a kernel runs the very code of both sides.
 */

/** A class of a widget's model, as ipywidgets makes instances of it. */
interface ModelClass {
  new (attributes: object, options: object): WidgetModel;
  _deserialize_state(state: object, manager: object): Promise<object>;
}
interface ViewClass {
  new (options: object): WidgetView;
}

/** The classes that the page knows, by their names. */
export type WidgetClasses = Record<string, unknown>;

type Callbacks = { iopub?: { status?(message: object): void } } | undefined;
type BufferPath = (string | number)[];

const view = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new DataView(buffer as ArrayBuffer, byteOffset, byteLength);

/** Puts binary values where they belong in the state. */
function withBuffers(data: Record<string, unknown>, buffers: readonly ArrayBufferView[]): object {
  const state = data["state"] as Record<string, unknown>;
  const paths = (data["buffer_paths"] ?? []) as BufferPath[];
  for (const [i, path] of paths.entries()) {
    const at = path
      .slice(0, -1)
      .reduce<Record<string | number, unknown>>(
        (place, key) => place[key] as Record<string | number, unknown>,
        state,
      );
    at[path.at(-1)!] = view(buffers[i]!);
  }
  return state;
}

/** A comm with both of its ends. */
class InnerComm {
  private toKernel: ((message: CommMessage) => unknown) | undefined;
  private toPage: ((message: object) => unknown) | undefined;
  /** Messages to the page that came before its model was made. */
  private waiting: object[] = [];
  private messages = 0;
  /** Message of the page that the kernel's side answers now, as its echo has to name it. */
  private answering: string | undefined;

  constructor(readonly id: string) {}

  /** The end of the kernel's side. */
  readonly kernelEnd: Comm = {
    id: "",
    send: (data, { buffers = [] } = {}) => {
      const message = {
        content: { data: structuredClone(data) },
        buffers: buffers.map(view),
        parent_header: { msg_id: this.answering },
      };
      if (this.toPage) this.toPage(message);
      else this.waiting.push(message);
    },
    close: () => {},
    onMessage: (handler) => {
      this.toKernel = handler;
    },
    onClose: () => {},
  };

  /** The end of the page's side, as ipywidgets uses it. */
  readonly pageEnd = {
    comm_id: "",
    target_name: "jupyter.widget",
    send: (
      data: Record<string, unknown>,
      callbacks: Callbacks,
      _metadata?: object,
      buffers: readonly (ArrayBuffer | ArrayBufferView)[] = [],
    ): string => {
      const id = `${this.id}-${++this.messages}`;
      const bytes = buffers.map((part) =>
        ArrayBuffer.isView(part)
          ? new Uint8Array(part.buffer as ArrayBuffer, part.byteOffset, part.byteLength)
          : new Uint8Array(part),
      );
      // Not at once: the sender first counts the message as pending
      queueMicrotask(() => {
        this.answering = id;
        try {
          this.toKernel?.({ data, metadata: {}, buffers: bytes });
        } finally {
          this.answering = undefined;
          callbacks?.iopub?.status?.({ content: { execution_state: "idle" } });
        }
      });
      return id;
    },
    on_msg: (handler: (message: object) => unknown) => {
      this.toPage = handler;
      // After the constructor of the model, which calls this
      queueMicrotask(() => {
        for (const message of this.waiting.splice(0)) handler(message);
      });
    },
    on_close: () => {},
    close: () => {},
  };
}

/** Opens the kernel's widgets in the page: a model of ipywidgets for each. */
export class InPage implements CommTransport {
  readonly frontEndSeen = true;
  readonly parentId = "";
  private readonly models = new Map<string, Promise<WidgetModel>>();

  constructor(private readonly classes: WidgetClasses) {}

  open(_target: string, { id = "", data = {}, buffers = [] }: CommOpenOptions = {}): Comm {
    const comm = new InnerComm(id);
    Object.assign(comm.kernelEnd, { id });
    comm.pageEnd.comm_id = id;
    this.models.set(id, this.model(id, withBuffers(structuredClone(data), buffers), comm));
    return comm.kernelEnd;
  }

  registerTarget(): void {}

  onCellEnd(): void {}

  private async model(id: string, state: object, comm: InnerComm): Promise<WidgetModel> {
    const Model = this.classes[(state as { _model_name: string })._model_name] as ModelClass;
    const attributes = await Model._deserialize_state(state, this);
    return new Model(attributes, { model_id: id, comm: comm.pageEnd, widget_manager: this });
  }

  // --- What models and views ask of a manager of ipywidgets

  /** The model of a widget. @throws Error for an unknown one */
  get_model(id: string): Promise<WidgetModel> {
    return this.models.get(id) ?? Promise.reject(new Error(`there is no widget ${id}`));
  }

  /** Callbacks of messages. */
  callbacks(): object {
    return {};
  }

  /** A view of a model. */
  async create_view(model: WidgetModel, options: object = {}): Promise<WidgetView> {
    const View = this.classes[model.get("_view_name") as string] as ViewClass;
    const made = new View({ model, options });
    made.listenTo(model, "destroy", made.remove);
    await made.render();
    return made;
  }
}
