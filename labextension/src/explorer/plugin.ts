import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { widgetModule } from "../module.js";

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: `${widgetModule}:explorer`,
  autoStart: true,
  activate: () => {},
};
