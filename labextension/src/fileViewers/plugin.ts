import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { WidgetTracker } from "@jupyterlab/apputils";
import type { DocumentRegistry, IDocumentWidget } from "@jupyterlab/docregistry";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { widgetModule } from "../module.js";
import { UnreadModelFactory, ViewerFactory } from "./factory.js";
import { mapIcon, tableIcon } from "./icons.js";

const id = `${widgetModule}:file-viewers`;

const fileTypes: readonly Partial<DocumentRegistry.IFileType>[] = [
  {
    name: "e2gmm-mrc",
    displayName: "MRC map or stack",
    extensions: [".mrc", ".map", ".mrcs", ".ccp4", ".st"],
    mimeTypes: ["application/octet-stream"],
    contentType: "file",
    fileFormat: "base64",
    icon: mapIcon,
  },
  {
    name: "e2gmm-star",
    displayName: "STAR file",
    extensions: [".star"],
    mimeTypes: ["text/plain"],
    contentType: "file",
    fileFormat: "text",
    icon: tableIcon,
  },
  {
    name: "e2gmm-cs",
    displayName: "cryoSPARC particles",
    extensions: [".cs"],
    mimeTypes: ["application/octet-stream"],
    contentType: "file",
    fileFormat: "base64",
    icon: tableIcon,
  },
];

/** The viewers and the file types that they open; their code loads with the first file. */
const viewers = [
  {
    name: "Map viewer",
    fileType: "e2gmm-mrc",
    icon: mapIcon,
    load: async () => (await import("./mapViewer.js")).MapViewer,
  },
  {
    name: "STAR table",
    fileType: "e2gmm-star",
    icon: tableIcon,
    load: async () => (await import("./starViewer.js")).StarViewer,
  },
  {
    name: "cryoSPARC table",
    fileType: "e2gmm-cs",
    icon: tableIcon,
    load: async () => (await import("./csViewer.js")).CsViewer,
  },
];

/** Registers the file types and their viewers. */
export const fileViewersPlugin: JupyterFrontEndPlugin<void> = {
  id,
  description: "Opens MRC maps, MRC stacks, STAR files and cryoSPARC .cs files by double click.",
  autoStart: true,
  optional: [ISettingRegistry, ILayoutRestorer],
  activate: (
    { docRegistry, serviceManager }: JupyterFrontEnd,
    registry: ISettingRegistry | null,
    restorer: ILayoutRestorer | null,
  ) => {
    for (const type of fileTypes) docRegistry.addFileType(type);
    docRegistry.addModelFactory(new UnreadModelFactory());
    const tracker = new WidgetTracker<IDocumentWidget>({ namespace: "e2gmm-files" });
    // Read for each file, so that changed settings apply to the next one
    const settings = async () => (await registry?.load(id).catch(() => undefined))?.composite ?? {};
    for (const { name, fileType, icon, load } of viewers) {
      const options = { name, fileTypes: [fileType], defaultFor: [fileType] };
      const factory = new ViewerFactory(options, { services: serviceManager, settings, viewer: load });
      factory.widgetCreated.connect((_, widget) => {
        widget.title.icon = icon;
        void tracker.add(widget);
      });
      docRegistry.addWidgetFactory(factory);
    }
    void restorer?.restore(tracker, {
      command: "docmanager:open",
      args: ({ context }) => ({ path: context.path, factory: factoryOf(context.path) }),
      name: ({ context }) => context.path,
    });
  },
};

/** The viewer that opens a file by default. */
function factoryOf(path: string): string {
  if (/\.star$/i.test(path)) return "STAR table";
  return /\.cs$/i.test(path) ? "cryoSPARC table" : "Map viewer";
}
