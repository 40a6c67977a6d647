/**
 * e2gmm: Gaussian mixture models of cryo-EM heterogeneity. The most common functions are at the top level, everything
 * else in namespaces that mirror the folders of the library:
 *
 * ```ts no-run
 * import * as e2 from "e2gmm";
 * const map = await e2.maps.read("consensus.mrc");
 * ```
 */
export { type Displayable, displaySymbol, type MimeBundle } from "tslab-widgets/display";
export * as atoms from "./atoms";
export * as compute from "./compute";
export { useBackend } from "./compute/backends";
export * as correction from "./correction";
export * as figures from "./display";
export { progressBar } from "./display/progressBar";
export { type ShowOptions, show } from "./display/show";
export { InputError, StoppedError, throwIfStopped } from "./errors";
export * as evidence from "./evidence";
export * as explorer from "./explorer";
export { explore, exploreTraining } from "./explorer/explore";
export { exportPage } from "./explorer/page/exportPage";
export { type FetchedEntry, type FetchOptions, fetchEntry } from "./fetch/fetchEntry";
export * as formats from "./formats";
export * as fourier from "./fourier";
export * as jobs from "./jobs";
export * as latent from "./latent";
export * as maps from "./maps";
export * as model from "./model";
export * as optics from "./optics";
export * as particles from "./particles";
export { type Progress, type TaskOptions, taskSignal } from "./progress";
export * as project from "./project";
export * as projection from "./projection";
export { Random } from "./random";
export * as reconstruction from "./reconstruction";
export { reconstruct } from "./reconstruction/reconstruct";
export * as simulate from "./simulate";
export * as study from "./study";
export * as training from "./training";
export { train } from "./training/background";
export { openRun } from "./training/runs/openRun";
export { packageVersion as version } from "./version";
export * as widgets from "./widgets";
export * as workbench from "./workbench";
export { openWorkbench } from "./workbench/workbench";
