import Plotly from "plotly.js/lib/core.js";
import heatmap from "plotly.js/lib/heatmap.js";
import scatter3d from "plotly.js/lib/scatter3d.js";
import scattergl from "plotly.js/lib/scattergl.js";

/** plotly.js with only the trace types used here. It has 1.2 MB, so views import it when they open. */
Plotly.register([heatmap, scatter3d, scattergl]);
export default Plotly;
