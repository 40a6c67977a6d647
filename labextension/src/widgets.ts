/** The widget classes, under the names that the kernel uses. */
export { ExplorerModel, ExplorerView } from "./explorer/explorer.js";
export { DensityMapModel, GaussianViewerModel, GaussianViewerView } from "./gaussianViewer/gaussianViewer.js";
export { LatentScatterModel, LatentScatterView } from "./latentScatter/latentScatter.js";
