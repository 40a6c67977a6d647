import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { widgetModule } from "./module.js";
import { widgetsPlugin } from "./widgetsPlugin.js";

/** Plugins that need more of JupyterLab than widgets do. */
const laboratoryPlugins: readonly (() => Promise<JupyterFrontEndPlugin<void>>)[] = [
  async () => (await import("./explorer/plugin.js")).panelPlugin,
  async () => (await import("./fileViewers/plugin.js")).fileViewersPlugin,
  async () => (await import("./project/plugin.js")).projectPlugin,
];

/**
 * Loads the plugins for launcher, notebooks and documents. Other front ends, such as Voilà, do not have the packages of
 * these; a static import would keep them from loading the widgets too.
 */
const laboratoryPlugin: JupyterFrontEndPlugin<void> = {
  id: `${widgetModule}:laboratory`,
  description:
    "Loads the explorer's panel, the project panel and the file viewers of e2gmm if the front end has a launcher and documents.",
  autoStart: true,
  activate: async (app: JupyterFrontEnd) => {
    await Promise.all(laboratoryPlugins.map((load) => activate(app, load)));
  },
};

async function activate(
  app: JupyterFrontEnd,
  load: () => Promise<JupyterFrontEndPlugin<void>>,
): Promise<void> {
  try {
    const plugin = await load();
    // JupyterLab itself only checks the plugins that it finds in the package
    const { PageConfig } = await import("@jupyterlab/coreutils");
    if (PageConfig.Extension.isDisabled(plugin.id)) return;
    app.registerPlugin(plugin);
    await app.activatePlugin(plugin.id);
  } catch (error) {
    console.info("Some parts of e2gmm are not available in this front end", error);
  }
}

/** What JupyterLab finds in this package. Plotly.js, NGL and the views are loaded when one is opened. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [widgetsPlugin, laboratoryPlugin];
export default plugins;
