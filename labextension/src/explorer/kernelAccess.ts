import type { DOMWidgetView, ExportMap, IWidgetManager } from "@jupyter-widgets/base";
import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ISessionContext } from "@jupyterlab/apputils";
import { type Kernel, KernelConnection } from "@jupyterlab/services";
import { type ISignal, Signal } from "@lumino/signaling";
import type { Widget } from "@lumino/widgets";
import { widgetModule, widgetModuleVersion } from "../module.js";

const viewMime = "application/vnd.jupyter.widget-view+json";

/** A connection to a kernel that can show its widgets outside notebook outputs. */
export interface KernelAccess {
  readonly kernel: Kernel.IKernelConnection;
  /** Description of the kernel for the user: `in the kernel of …`. */
  readonly where: string;
  /** Emitted when the document of the views is closed, which closes the views. */
  readonly lost: ISignal<object, void>;
  /** Makes a view of a model. @throws Error if the kernel has no model of that id */
  view(model: string): Promise<Widget>;
  /** Releases the connection. The kernel keeps running. */
  dispose(): void;
}

/**
 * Connects to a kernel: through its open notebook or console, with the widget manager of that document, or else with a
 * separate connection and widget manager.
 * @throws Error if no such kernel is running
 */
export async function kernelAccess(app: JupyterFrontEnd, id: string): Promise<KernelAccess> {
  const { kernels, serverSettings } = app.serviceManager;
  await sessionsReady(app);
  const open = openDocument(app, id);
  if (open) return documentAccess(open);
  const model = await kernels.findById(id);
  if (!model) throw new Error("its kernel is no longer running");
  // Otherwise the kernel manager would give this connection the comms of a notebook opened later
  const kernel = new KernelConnection({ model: model as Kernel.IModel, serverSettings, handleComms: true });
  return ownAccess(kernel);
}

/** Maximum wait for sessions in seconds; a session that asks the user for a kernel never becomes ready. */
const sessionTimeout = 10;

/**
 * Waits until the kernels of all open documents are known. After a reload the documents are restored first; without the
 * wait, a panel would open a second connection to a notebook's kernel.
 */
async function sessionsReady(app: JupyterFrontEnd): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, 1000 * sessionTimeout));
  const ready = [...app.shell.widgets("main")].map(
    (document) => (document as { sessionContext?: ISessionContext }).sessionContext?.ready,
  );
  await Promise.race([Promise.allSettled(ready), late]);
}

interface OpenDocument {
  widget: Widget;
  session: ISessionContext;
  rendermime: Rendermime;
}

interface Rendermime {
  preferredMimeType(bundle: object, safe: "any"): string | undefined;
  createRenderer(mimeType: string): Widget & { renderModel(model: object): Promise<void> };
}

/** Finds the notebook or console of a kernel. */
function openDocument(app: JupyterFrontEnd, id: string): OpenDocument | undefined {
  for (const widget of app.shell.widgets("main")) {
    const document = widget as Widget & {
      sessionContext?: ISessionContext;
      content?: { rendermime?: Rendermime };
      console?: { rendermime?: Rendermime };
    };
    const session = document.sessionContext;
    const rendermime = document.content?.rendermime ?? document.console?.rendermime;
    if (!session || session.session?.kernel?.id !== id || !rendermime) continue;
    if (rendermime.preferredMimeType({ [viewMime]: {} }, "any") !== viewMime) continue;
    return { widget, session, rendermime };
  }
  return undefined;
}

function documentAccess({ widget, session, rendermime }: OpenDocument): KernelAccess {
  const source = {};
  const lost = new Signal<object, void>(source);
  const closed = () => lost.emit(undefined);
  widget.disposed.connect(closed);
  return {
    kernel: session.session!.kernel!,
    where: `in the kernel of ${session.name || session.path}`,
    lost,
    view: async (model) => {
      const renderer = rendermime.createRenderer(viewMime);
      const data = { [viewMime]: { version_major: 2, version_minor: 0, model_id: model } };
      await renderer.renderModel({ data, metadata: {}, trusted: true, setData: () => {} });
      if (/^Error displaying widget/.test(renderer.node.textContent ?? "")) {
        renderer.dispose();
        throw new Error("the kernel no longer has this explorer");
      }
      return renderer;
    },
    dispose: () => {
      widget.disposed.disconnect(closed);
      Signal.clearData(source);
    },
  };
}

/** The part of the widget manager of ipywidgets' extension that is used here. */
interface KernelWidgetManager extends IWidgetManager {
  readonly restoredStatus: boolean;
  readonly restored: ISignal<unknown, void>;
  register(module: { name: string; version: string; exports: () => Promise<ExportMap> }): void;
  create_view(model: unknown): Promise<DOMWidgetView>;
  dispose(): void;
}

async function ownAccess(kernel: KernelConnection): Promise<KernelAccess> {
  const manager = await makeManager(kernel);
  const lost = new Signal<object, void>({});
  return {
    kernel,
    where: "in a kernel without a notebook",
    lost,
    view: async (id) => {
      if (!manager.restoredStatus) {
        await new Promise<void>((resolve) => {
          const done = () => {
            manager.restored.disconnect(done);
            resolve();
          };
          manager.restored.connect(done);
        });
      }
      const model = await manager.get_model(id).catch(() => undefined);
      if (!model) throw new Error("the kernel no longer has this explorer");
      return (await manager.create_view(model)).luminoWidget;
    },
    dispose: () => {
      manager.dispose();
      kernel.dispose();
    },
  };
}

/**
 * A widget manager of ipywidgets' extension. The extension cannot be imported as a package, so its code is taken from
 * JupyterLab's registry of loaded extensions.
 * @throws Error if the extension is missing or too old
 */
async function makeManager(kernel: KernelConnection): Promise<KernelWidgetManager> {
  const name = "@jupyter-widgets/jupyterlab-manager";
  const loaded = (globalThis as { _JUPYTERLAB?: Record<string, Container> })._JUPYTERLAB?.[name];
  if (!loaded) throw new Error("ipywidgets' extension is not installed (pip install jupyterlab_widgets)");
  const { KernelWidgetManager: Manager } = (await loaded.get("./index"))();
  if (!Manager) throw new Error("this version of ipywidgets' extension shows widgets in notebooks only");
  const manager = new Manager(kernel, undefined);
  const base = await import("@jupyter-widgets/base");
  manager.register({
    name: "@jupyter-widgets/base",
    version: base.JUPYTER_WIDGETS_VERSION,
    exports: async () => base as unknown as ExportMap,
  });
  manager.register({
    name: widgetModule,
    version: widgetModuleVersion,
    exports: async () => (await import("../widgets.js")) as unknown as ExportMap,
  });
  return manager;
}

/** A loaded extension, as module federation keeps it. */
interface Container {
  get(
    module: string,
  ): Promise<
    () => { KernelWidgetManager?: new (kernel: unknown, rendermime: unknown) => KernelWidgetManager }
  >;
}
