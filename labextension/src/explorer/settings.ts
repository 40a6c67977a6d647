/** The user's settings for explorers, from JupyterLab's settings. */
export interface ExplorerSettings {
  /** Initial number of clusters. Default 4. */
  clusters: number;
  /** Initial number of parts of a path. Default 5. */
  parts: number;
  /** Whether curves are shown initially. Default true. */
  showCurves: boolean;
  /** Folder for exported files, relative to the kernel's. Default: empty, the kernel's folder. */
  exportFolder: string;
}

/** Current settings. Views read them when they need them. */
export const explorerSettings: ExplorerSettings = {
  clusters: 4,
  parts: 5,
  showCurves: true,
  exportFolder: "",
};

/** Updates the values from JupyterLab's settings; values of a wrong type are ignored. */
export function applySettings(composite: Readonly<Record<string, unknown>>): void {
  const { clusters, parts, showCurves, exportFolder } = composite;
  if (typeof clusters === "number") explorerSettings.clusters = clusters;
  if (typeof parts === "number") explorerSettings.parts = parts;
  if (typeof showCurves === "boolean") explorerSettings.showCurves = showCurves;
  if (typeof exportFolder === "string") explorerSettings.exportFolder = exportFolder;
}
