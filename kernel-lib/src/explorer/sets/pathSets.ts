import { shortNumber } from "../../display/checks";
import { InputError } from "../../errors";
import { pathLine } from "../../latent/path";
import { type PathParts, partsAlongPath } from "../../latent/pathParts";
import { intersectRows, rowsByNearest, unionRows } from "../../latent/selection";
import type { NamedSet, NewSet } from "../../workbench/setTable";
import type { ExplorerParts } from "../explorerParts";
import type { ExplorerPath } from "../explorerPath";

/**
 * How a path divides particles: `line`, parts with equally many particles; `length`, parts of equal length; `stations`,
 * the particles nearest to each station.
 */
export type PathDivision = "line" | "length" | "stations";

/** Options of sets along a path. */
export interface PathSetsOptions {
  /**
   * Particles farther from the path are in no set, by distance in the latent space. Default half the distance between the
   * two points of the path that are farthest apart.
   */
  maxDistance?: number;
}

/** Makes particle sets along the explorer's path; what the sets leave out becomes a note about the path. */
export class PathSets {
  constructor(
    private readonly parts: Pick<ExplorerParts, "explored" | "scatter" | "sets">,
    private readonly path: ExplorerPath,
  ) {}

  /** @throws InputError if there are no particles, or none within `maxDistance` */
  make(division: PathDivision, count: number, { maxDistance }: PathSetsOptions = {}): NamedSet[] {
    const { explored, sets } = this.parts;
    const anchors = this.path.anchors();
    const columns = explored.columns();
    const found = partsAlongPath(columns, pathLine(anchors.flat(), explored.latent), count, {
      by: division === "length" ? "length" : "count",
      ...(maxDistance !== undefined && { maxDistance }),
    });
    if (found.rows.every((rows) => rows.length === 0)) {
      throw InputError.of(
        `No particle lies within ${shortNumber(found.maxDistance)} of the path; allow a larger distance.`,
      );
    }
    this.noteLeftOut(found);
    if (division === "line") this.noteUneven(found);
    const rows =
      division === "stations" ? this.nearestToStations(columns, anchors, count, found) : found.rows;
    return sets.addAll(named(rows, division === "stations" ? "station" : "part"));
  }

  private nearestToStations(
    columns: Float32Array[],
    anchors: number[][],
    count: number,
    found: PathParts,
  ): Uint32Array[] {
    const { scatter } = this.parts;
    if (count !== scatter.stationCount) scatter.stationCount = count;
    const near = found.rows.reduce(unionRows);
    const rows = rowsByNearest(columns, this.path.stations(anchors).flat());
    return rows.map((part) => intersectRows(part, near));
  }

  private noteLeftOut({ left, maxDistance }: PathParts): void {
    if (left === 0) return;
    this.path.addNote(
      `${left} of ${this.parts.explored.count} particles are farther than ${shortNumber(maxDistance)} from the path, by ` +
        "distance in the latent space, and in no set",
    );
  }

  /** All particles beyond an end of the path are nearest to that end, so that no cut along the path divides them. */
  private noteUneven({ rows }: PathParts): void {
    const sizes = rows.map((part) => part.length);
    if (Math.max(...sizes) - Math.min(...sizes) <= 0.02 * Math.max(...sizes) + 1) return;
    this.path.addNote(
      `The parts have ${sizes.join(", ")} particles; those beyond an end of the path stay together`,
    );
  }
}

function named(rows: readonly Uint32Array[], name: string): NewSet[] {
  return rows
    .map((part, i) => ({ rows: part, name: `${name} ${i + 1} of ${rows.length}` }))
    .filter((part) => part.rows.length > 0);
}
