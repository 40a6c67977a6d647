import Plotly from "plotly.js/lib/core.js";
import heatmap from "plotly.js/lib/heatmap.js";
import scatter3d from "plotly.js/lib/scatter3d.js";
import scattergl from "plotly.js/lib/scattergl.js";

/** plotly.js with only the traces that are drawn here; 1.2 MB, so it is imported where a view opens. */
Plotly.register([heatmap, scatter3d, scattergl]);
export default Plotly;
