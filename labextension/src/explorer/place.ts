/** Name of the kernels that explorers can run in. */
export const kernelSpec = "e2gmm";

/** State of a panel, saved with the layout of the page; values not chosen yet are undefined. */
export interface PanelPlace {
  /** Id of the panel, kept when the page is reloaded. */
  id: string;
  /** Id of the kernel. */
  kernel?: string | undefined;
  /** Id of the explorer's model in the kernel. */
  model?: string | undefined;
  /** Run folder. */
  folder?: string | undefined;
  /** Folder in which the panel starts a kernel; empty: the root of the server. */
  cwd: string;
}
