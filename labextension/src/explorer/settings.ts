/** The user's settings for explorers, from JupyterLab's settings. */
export interface ExplorerSettings {
  /** Number of clusters that is offered at first. Default 4. */
  clusters: number;
  /** Number of parts of a path that is offered at first. Default 5. */
  parts: number;
  /** Whether curves are shown at first. Default true. */
  showCurves: boolean;
  /** Folder for exported files, relative to the kernel's. Default: empty, that folder itself. */
  exportFolder: string;
}

/** Current settings. Views read them when they need them. */
export const explorerSettings: ExplorerSettings = {
  clusters: 4,
  parts: 5,
  showCurves: true,
  exportFolder: "",
};

/** Takes over values of JupyterLab's settings; those of another type are ignored. */
export function applySettings(composite: Readonly<Record<string, unknown>>): void {
  const { clusters, parts, showCurves, exportFolder } = composite;
  if (typeof clusters === "number") explorerSettings.clusters = clusters;
  if (typeof parts === "number") explorerSettings.parts = parts;
  if (typeof showCurves === "boolean") explorerSettings.showCurves = showCurves;
  if (typeof exportFolder === "string") explorerSettings.exportFolder = exportFolder;
}
