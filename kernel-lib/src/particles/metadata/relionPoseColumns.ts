import { starNumber } from "../../formats/relionStar";
import type { StarFile } from "../../formats/star";
import type { StarTable } from "../../formats/starTable";
import type { StarColumn } from "../../formats/starWriter";
import { eulerFromRotation } from "../../optics/pose";
import type { RowPoses } from "./metadata";
import { quantities } from "./quantities";
import type { Groups } from "./relionOptics";

const angleColumns = quantities.angle.relion;
const originColumns = quantities.origin.relion;
const pixelOriginColumns = quantities.pixelOrigin.relion;

/** The file that poses are written for. */
export interface PoseFile {
  star: StarFile;
  table: StarTable;
  groups: Groups;
}

/**
 * New poses as columns of all rows of a STAR file: the angles, and those origins that the file has, in Å or in pixels. A file
 * without origins gets them in Å if it has optics groups (RELION 3.1 and newer), else in pixels.
 */
export function relionPoseColumns(poses: RowPoses, { star, table, groups }: PoseFile): StarColumn[] {
  const { rotations, shifts, changed } = poses;
  const column = (name: string, value: (row: number) => number): StarColumn => ({
    name: name.slice(1),
    // A row that keeps its pose has none in a column that is new.
    text: (row) => starNumber(changed[row] === 0 ? 0 : value(row)),
    keeps: (row) => changed[row] === 0,
  });
  const euler = (row: number) => eulerFromRotation(rotations, 9 * row);
  const [rot, tilt, psi] = angleColumns as [string, string, string];
  const columns = [
    column(rot, (row) => euler(row).rot),
    column(tilt, (row) => euler(row).tilt),
    column(psi, (row) => euler(row).psi),
  ];
  const present = [...originColumns, ...pixelOriginColumns].filter((name) => table.has(name));
  const origins = present.length > 0 ? present : star.table("optics") ? originColumns : pixelOriginColumns;
  for (const name of origins) {
    const inAngstrom = originColumns.includes(name);
    const axis = (inAngstrom ? originColumns : pixelOriginColumns).indexOf(name);
    const unit = (row: number) =>
      inAngstrom ? groups.originScale : groups.opticsGroups[groups.opticsGroup[row]!]!.apix;
    // RELION's origin is the negative of the particle's position.
    columns.push(column(name, (row) => -shifts[2 * row + axis]! / unit(row)));
  }
  return columns;
}
