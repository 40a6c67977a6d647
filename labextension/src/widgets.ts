/** Models and views that a kernel may name. */
export { ExplorerModel, ExplorerView } from "./explorer/explorer.js";
export { DensityMapModel, GaussianViewerModel, GaussianViewerView } from "./gaussianViewer/gaussianViewer.js";
export { LatentScatterModel, LatentScatterView } from "./latentScatter/latentScatter.js";
