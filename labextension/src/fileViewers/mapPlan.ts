import { type MrcHeader, type MrcLayout, sizeOf } from "./mrc.js";
import { formatBytes } from "./remoteFile.js";

/** Limits for reading and drawing a map. */
export interface MapLimits {
  /** Largest number of voxels along an axis of the map in memory. */
  edge: number;
  /** Largest number of bytes read from a file. */
  bytes: number;
}

/** The part of a file to read, and its averaging. */
export interface MapPlan {
  /** Number of voxels averaged along each axis. */
  factor: number;
  /** Whether only the middle one of every `factor` sections is read. */
  skipsSections: boolean;
}

/** A map with more than `limits.edge` voxels along an axis is averaged; one with too many bytes is read in part. */
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
    ? `blocks of ${factor}×${factor} pixels are averaged in every ${factor}th section, because the file has ${formatBytes(layout.fileBytes)}`
    : `blocks of ${factor}×${factor}×${factor} voxels are averaged`;
  return `${size} voxels are shown as ${shown.join("×")}: ${how}.`;
}
