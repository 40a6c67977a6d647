import { type ExportMap, IJupyterWidgetRegistry } from "@jupyter-widgets/base";
import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { widgetModule, widgetModuleVersion } from "./module.js";

/** Registers the widgets. Their classes are loaded when a notebook first shows one. */
export const widgetsPlugin: JupyterFrontEndPlugin<void> = {
  id: `${widgetModule}:widgets`,
  description: "The live widgets of e2gmm: latent scatter, Gaussian viewer, explorer.",
  autoStart: true,
  requires: [IJupyterWidgetRegistry],
  activate: (_app, registry: IJupyterWidgetRegistry) => {
    registry.registerWidget({
      name: widgetModule,
      version: widgetModuleVersion,
      exports: async () => (await import("./widgets.js")) as unknown as ExportMap,
    });
  },
};
