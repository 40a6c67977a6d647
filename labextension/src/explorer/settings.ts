/** What the user has set for explorers, in JupyterLab's settings. */
export interface ExplorerSettings {
  /** Clusters that are asked for at first. */
  clusters: number;
  /** Parts of a path that are asked for at first. */
  parts: number;
  /** Whether curves are shown at first. */
  showCurves: boolean;
  /** Folder below the kernel's for files that are written; empty: that folder itself. */
  exportFolder: string;
}

/** As they are now; views read them when they need them. */
export const explorerSettings: ExplorerSettings = {
  clusters: 4,
  parts: 5,
  showCurves: true,
  exportFolder: "",
};

/** Takes over what JupyterLab's settings say. */
export function applySettings(composite: Readonly<Record<string, unknown>>): void {
  const { clusters, parts, showCurves, exportFolder } = composite;
  if (typeof clusters === "number") explorerSettings.clusters = clusters;
  if (typeof parts === "number") explorerSettings.parts = parts;
  if (typeof showCurves === "boolean") explorerSettings.showCurves = showCurves;
  if (typeof exportFolder === "string") explorerSettings.exportFolder = exportFolder;
}
