import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { WidgetTracker } from "@jupyterlab/apputils";
import type { IDocumentWidget } from "@jupyterlab/docregistry";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { widgetModule } from "../module.js";
import { UnreadModelFactory, ViewerFactory } from "./factory.js";
import { mapIcon, tableIcon } from "./icons.js";

const id = `${widgetModule}:file-viewers`;

export const fileViewersPlugin: JupyterFrontEndPlugin<void> = {
  id,
  description:
    "Views of MRC maps, MRC stacks, STAR files and .cs files of cryoSPARC, opened by a double click.",
  autoStart: true,
  optional: [ISettingRegistry, ILayoutRestorer],
  activate: (app: JupyterFrontEnd, registry: ISettingRegistry | null, restorer: ILayoutRestorer | null) => {
    const { docRegistry, serviceManager } = app;
    docRegistry.addFileType({
      name: "e2gmm-mrc",
      displayName: "MRC map or stack",
      extensions: [".mrc", ".map", ".mrcs", ".ccp4", ".st"],
      mimeTypes: ["application/octet-stream"],
      contentType: "file",
      fileFormat: "base64",
      icon: mapIcon,
    });
    docRegistry.addFileType({
      name: "e2gmm-star",
      displayName: "STAR file",
      extensions: [".star"],
      mimeTypes: ["text/plain"],
      contentType: "file",
      fileFormat: "text",
      icon: tableIcon,
    });
    docRegistry.addFileType({
      name: "e2gmm-cs",
      displayName: "cryoSPARC particles",
      extensions: [".cs"],
      mimeTypes: ["application/octet-stream"],
      contentType: "file",
      fileFormat: "base64",
      icon: tableIcon,
    });
    docRegistry.addModelFactory(new UnreadModelFactory());
    const tracker = new WidgetTracker<IDocumentWidget>({ namespace: "e2gmm-files" });
    // Read when a file is opened, so that a change of settings holds for the next one
    const settings = async () => (await registry?.load(id).catch(() => undefined))?.composite ?? {};
    const kinds = [
      {
        name: "Map viewer",
        fileType: "e2gmm-mrc",
        viewer: async () => (await import("./mapViewer.js")).MapViewer,
      },
      {
        name: "STAR table",
        fileType: "e2gmm-star",
        viewer: async () => (await import("./starViewer.js")).StarViewer,
      },
      {
        name: "cryoSPARC table",
        fileType: "e2gmm-cs",
        viewer: async () => (await import("./csViewer.js")).CsViewer,
      },
    ];
    for (const { name, fileType, viewer } of kinds) {
      const options = { name, fileTypes: [fileType], defaultFor: [fileType] };
      const factory = new ViewerFactory(options, { services: serviceManager, settings, viewer });
      factory.widgetCreated.connect((_, widget) => {
        widget.title.icon = fileType === "e2gmm-mrc" ? mapIcon : tableIcon;
        void tracker.add(widget);
      });
      docRegistry.addWidgetFactory(factory);
    }
    if (restorer) {
      void restorer.restore(tracker, {
        command: "docmanager:open",
        args: ({ context }) => ({
          path: context.path,
          factory: factoryOf(context.path),
        }),
        name: ({ context }) => context.path,
      });
    }
  },
};

function factoryOf(path: string): string {
  if (/\.star$/i.test(path)) return "STAR table";
  return /\.cs$/i.test(path) ? "cryoSPARC table" : "Map viewer";
}
