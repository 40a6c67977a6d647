declare module "plotly.js/lib/core.js" {
  const Plotly: typeof import("plotly.js");
  export default Plotly;
}
declare module "plotly.js/lib/heatmap.js" {
  const trace: import("plotly.js").PlotlyModule;
  export default trace;
}
declare module "plotly.js/lib/scatter3d.js" {
  const trace: import("plotly.js").PlotlyModule;
  export default trace;
}
declare module "plotly.js/lib/scattergl.js" {
  const trace: import("plotly.js").PlotlyModule;
  export default trace;
}
