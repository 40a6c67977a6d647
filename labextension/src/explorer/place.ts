/** Name of the kernels that explorers can live in. */
export const kernelSpec = "e2gmm";

/** Where a panel is; undefined where nothing is chosen yet. */
export interface PanelPlace {
  /** Of the panel, the same after the page was loaded again. */
  id: string;
  kernel?: string | undefined;
  /** Id of the explorer's model in the kernel. */
  model?: string | undefined;
  folder?: string | undefined;
  /** Where a kernel is started that the panel asks for. */
  cwd: string;
}
