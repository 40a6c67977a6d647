import { type MrcHeader, type MrcLayout, sizeOf } from "./mrc.js";
import { formatBytes } from "./remoteFile.js";

/** What a map may cost. */
export interface MapLimits {
  /** Most voxels along an axis of the map that is held and drawn. */
  edge: number;
  /** Most bytes that are read of a file. */
  bytes: number;
}

/** How much of a file is read, and how coarse it becomes. */
export interface MapPlan {
  /** Voxels of the file that become one along each axis. */
  factor: number;
  /** Whether of every `factor` sections only the middle one is read. */
  skipsSections: boolean;
}

/** A map of more voxels than `limits.edge` along an axis becomes coarser; one of more bytes is read in part. */
export function planMap(header: MrcHeader, layout: MrcLayout, limits: MapLimits): MapPlan {
  const dataBytes = layout.sectionBytes * header.ns;
  const fitting = Math.ceil(Math.max(header.nc, header.nr, header.ns) / limits.edge);
  const skipsSections = dataBytes > limits.bytes;
  const factor = skipsSections ? Math.max(fitting, Math.ceil(dataBytes / limits.bytes)) : fitting;
  return { factor: Math.max(1, factor), skipsSections };
}

/** A sentence on how the plan changes what is seen; undefined if the map is shown as it is. */
export function describePlan(plan: MapPlan, header: MrcHeader, layout: MrcLayout): string | undefined {
  const { factor, skipsSections } = plan;
  if (factor === 1 && !skipsSections) return undefined;
  const size = sizeOf(header).join("×");
  const shown = sizeOf(header).map((n) => Math.ceil(n / factor));
  const how = skipsSections
    ? `blocks of ${factor}×${factor} pixels are averaged in every ${factor}th section, since the file has ${formatBytes(layout.fileBytes)}`
    : `blocks of ${factor}×${factor}×${factor} voxels are averaged`;
  return `${size} voxels are shown as ${shown.join("×")}: ${how}.`;
}
