import type { DOMWidgetView, ExportMap, IWidgetManager } from "@jupyter-widgets/base";
import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ISessionContext } from "@jupyterlab/apputils";
import { type Kernel, KernelConnection } from "@jupyterlab/services";
import { type ISignal, Signal } from "@lumino/signaling";
import type { Widget } from "@lumino/widgets";
import { widgetModule, widgetModuleVersion } from "../module.js";

const VIEW_MIME = "application/vnd.jupyter.widget-view+json";

/** A kernel, and a way to show its widgets outside the notebook. */
export interface KernelAccess {
  readonly kernel: Kernel.IKernelConnection;
  /** Whose kernel it is, in words. */
  readonly where: string;
  /** Emitted when the views go because what they came from was closed. */
  readonly lost: ISignal<object, void>;
  /** A view of a model. @throws Error where the kernel has none of that id */
  view(model: string): Promise<Widget>;
  dispose(): void;
}

/**
 * A kernel that belongs to an open notebook or console is reached through it, with the widgets' manager that it has; any
 * other by a connection and a manager of its own.
 * @throws Error where no such kernel is running
 */
export async function kernelAccess(app: JupyterFrontEnd, id: string): Promise<KernelAccess> {
  const { kernels, serverSettings } = app.serviceManager;
  await sessionsReady(app);
  const open = openDocument(app, id);
  if (open) return documentAccess(open);
  const model = await kernels.findById(id);
  if (!model) throw new Error("its kernel is not running any more");
  // Not by the manager of kernels, which would leave the comms of a notebook that is opened later to this connection
  const kernel = new KernelConnection({ model: model as Kernel.IModel, serverSettings, handleComms: true });
  return ownAccess(kernel);
}

/** Documents whose session never gets ready, such as one that asks for a kernel, are not waited for longer. */
const SESSION_SECONDS = 10;

/**
 * After a page was loaded again, its notebooks are there before it is known which kernels are theirs. A panel that did not
 * wait would take a connection of its own to the kernel, beside that of the notebook.
 */
async function sessionsReady(app: JupyterFrontEnd): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, 1000 * SESSION_SECONDS));
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

/** The notebook or console of a kernel, by what such documents have in common. */
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
    if (rendermime.preferredMimeType({ [VIEW_MIME]: {} }, "any") !== VIEW_MIME) continue;
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
      const renderer = rendermime.createRenderer(VIEW_MIME);
      const data = { [VIEW_MIME]: { version_major: 2, version_minor: 0, model_id: model } };
      await renderer.renderModel({ data, metadata: {}, trusted: true, setData: () => {} });
      if (/^Error displaying widget/.test(renderer.node.textContent ?? "")) {
        renderer.dispose();
        throw new Error("the kernel has no such explorer any more");
      }
      return renderer;
    },
    dispose: () => {
      widget.disposed.disconnect(closed);
      Signal.clearData(source);
    },
  };
}

/** What is used of the manager of ipywidgets' extension. */
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
      if (!model) throw new Error("the kernel has no such explorer any more");
      return (await manager.create_view(model)).luminoWidget;
    },
    dispose: () => {
      manager.dispose();
      kernel.dispose();
    },
  };
}

/**
 * A manager as ipywidgets' extension has them, of the code that JupyterLab has loaded for notebooks: it is no package that
 * others can depend on, so it is taken from where JupyterLab keeps loaded extensions.
 */
async function makeManager(kernel: KernelConnection): Promise<KernelWidgetManager> {
  const name = "@jupyter-widgets/jupyterlab-manager";
  const loaded = (globalThis as { _JUPYTERLAB?: Record<string, Container> })._JUPYTERLAB?.[name];
  if (!loaded) throw new Error("ipywidgets' extension is not installed (pip install jupyterlab_widgets)");
  const { KernelWidgetManager: Manager } = (await loaded.get("./index"))();
  if (!Manager) throw new Error("ipywidgets' extension is of a version that shows widgets in notebooks only");
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

interface Container {
  get(
    module: string,
  ): Promise<
    () => { KernelWidgetManager?: new (kernel: unknown, rendermime: unknown) => KernelWidgetManager }
  >;
}
