import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { widgetModule } from "../module.js";

export const fileViewersPlugin: JupyterFrontEndPlugin<void> = {
  id: `${widgetModule}:file-viewers`,
  autoStart: true,
  activate: () => {},
};
