import { type MrcHeader, type MrcLayout, modeName, originOf, sizeOf, voxelOf } from "./mrc.js";
import { formatBytes } from "./remoteFile.js";
import type { Statistics } from "./statistics.js";

/** A number with six significant digits: `1.0605`; small and large ones with five and an exponent: `3.2000e-7`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6)
    ? value.toExponential(4)
    : String(Number(value.toPrecision(6)));
}

const axisNames = ["", "X", "Y", "Z"];

function joined(values: readonly number[], separator = " × "): string {
  return values.map(formatNumber).join(separator);
}

/**
 * The header of a map or stack as pairs of name and text, without `header.labels`.
 * @param layout undefined if the file does not hold what the header promises
 * @param fileBytes size of the file
 */
export function headerRows(
  header: MrcHeader,
  layout: MrcLayout | undefined,
  fileBytes: number,
): [name: string, text: string][] {
  const { voxel, isKnown } = voxelOf(header);
  const rows: [string, string][] = [
    ["Dimensions", `${header.nc} × ${header.nr} × ${header.ns} (columns, rows, sections)`],
  ];
  const inOrder = header.axes.join() === "1,2,3";
  if (!inOrder) {
    rows.push(["Axes", header.axes.map((axis) => axisNames[axis]).join(", ")]);
    rows.push(["Size along X, Y, Z", sizeOf(header).join(" × ")]);
  }
  rows.push(["Voxel", isKnown ? `${joined(voxel)} Å` : "not given; drawn with 1 Å"]);
  rows.push(["Mode", `${header.mode} (${modeName(header.mode)})`]);
  rows.push([
    "Cell",
    `${joined(header.cell)} Å${rightAngles(header) ? "" : `, ${joined(header.angles, ", ")}°`}`,
  ]);
  rows.push(["Sampling", joined(header.sampling)]);
  rows.push(["Origin", `${joined(originOf(header), ", ")} Å`]);
  rows.push(["Start", joined(header.start, ", ")]);
  // MRC2014: a maximum below the minimum means that they were not computed
  const known = header.max >= header.min && !(header.max === 0 && header.min === 0);
  rows.push(["Minimum, maximum", known ? joined([header.min, header.max], ", ") : "not given"]);
  rows.push(["Mean", known ? formatNumber(header.mean) : "not given"]);
  rows.push(["RMS", known && header.rms >= 0 ? formatNumber(header.rms) : "not given"]);
  rows.push(["Space group", `${header.spaceGroup}${spaceGroupText(header.spaceGroup)}`]);
  if (header.extendedBytes > 0) {
    const kind = header.extendedType ? ` of kind ${header.extendedType}` : "";
    rows.push(["Extended header", `${header.extendedBytes} bytes${kind}`]);
  }
  rows.push(["Byte order", header.littleEndian ? "little-endian" : "big-endian"]);
  const more = layout ? fileBytes - layout.fileBytes : 0;
  rows.push([
    "File",
    `${formatBytes(fileBytes)}${more > 0 ? `, ${more} bytes more than the header declares` : ""}`,
  ]);
  return rows;
}

/** Statistics of the values themselves as pairs of name and text; those of the header may be wrong. */
export function statisticsRows({
  min,
  max,
  mean,
  rms,
  notFinite,
}: Statistics): [name: string, text: string][] {
  const rows: [string, string][] = [
    ["Minimum, maximum", joined([min, max], ", ")],
    ["Mean", formatNumber(mean)],
    ["RMS (σ)", formatNumber(rms)],
  ];
  if (notFinite > 0) rows.push(["Not finite", `${notFinite} values, shown as 0`]);
  return rows;
}

function spaceGroupText(group: number): string {
  if (group === 0) return " (images)";
  if (group === 1) return " (volume)";
  return group >= 401 ? " (stack of volumes)" : "";
}

/** Whether the axes of the cell are at right angles; angles of 0 count as not given. */
export function rightAngles(header: MrcHeader): boolean {
  return header.angles.every((angle) => angle === 0 || Math.abs(angle - 90) <= 0.01);
}
