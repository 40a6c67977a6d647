import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { panelPlugin } from "./explorer/plugin.js";
import { fileViewersPlugin } from "./fileViewers/plugin.js";
import { widgetsPlugin } from "./widgetsPlugin.js";

/** What JupyterLab finds in this package. Each is small; plotly.js, NGL and the views come when one opens. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [widgetsPlugin, panelPlugin, fileViewersPlugin];
export default plugins;
