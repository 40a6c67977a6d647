import { gather } from "./drawnPoints";
import { along, nearestPoint, nearestRow, nearestWithCoordinates } from "./latentGeometry";
import { frameOf } from "./ranges";
import type { LatentScatterState, ShownAxes, ShownAxis } from "./state";
import type { ScatterTable } from "./table";

/** Names of the shown axes. */
export type AxisNames = Pick<LatentScatterState, "x" | "y" | "z">;

/** A coordinate along the axis of a name. */
export interface AxisTarget {
  name: string;
  value: number;
}

/**
 * The shown axes: conversion between latent vectors or particles and view coordinates. Immutable; created for each use.
 * Along axes that are not linear functions of the latent vector, such as a UMAP, the nearest particle represents it.
 */
export class ViewAxes {
  /** Two or three. */
  readonly names: readonly string[];

  /** @param drawnRows rows of the points that are drawn; empty: all */
  constructor(
    private readonly table: ScatterTable,
    private readonly axes: AxisNames,
    private readonly drawnRows: Uint32Array,
  ) {
    const { x, y, z } = axes;
    this.names = z === null ? [x, y] : [x, y, z];
  }

  /** Whether all axes are linear functions of the latent vector. */
  get linear(): boolean {
    return this.names.every((name) => this.table.linear(name));
  }

  /** Titles and ranges of the axes. */
  shown(): ShownAxes {
    const { x, y, z } = this.axes;
    return {
      x: shownAxis(this.table, x),
      y: shownAxis(this.table, y),
      z: z === null ? null : shownAxis(this.table, z),
    };
  }

  /** Coordinates of the points that are drawn. */
  drawnPoints(): Pick<LatentScatterState, "pointsX" | "pointsY" | "pointsZ"> {
    const points = (name: string) => gather(this.table.values(name), this.drawnRows);
    const { x, y, z } = this.axes;
    return { pointsX: points(x), pointsY: points(y), pointsZ: z === null ? new Float32Array(0) : points(z) };
  }

  /** Coordinates of particles, [rows · axes]. */
  placesOfRows(rows: Uint32Array): Float32Array {
    const columns = this.names.map((name) => this.table.values(name));
    const places = new Float32Array(rows.length * columns.length);
    rows.forEach((row, i) => {
      columns.forEach((column, d) => {
        places[i * columns.length + d] = column[row]!;
      });
    });
    return places;
  }

  /** Coordinates of latent vectors, [points · axes]; along other than linear axes those of the nearest drawn particle. */
  placesOf(points: readonly (readonly number[])[]): Float32Array {
    const { table, names, drawnRows } = this;
    const axes = names.map((name) => table.linear(name));
    const needsRow = axes.includes(undefined);
    return Float32Array.from(
      points.flatMap((z) => {
        const row = needsRow ? nearestPoint(table.latents, z, drawnRows) : -1;
        return axes.map((axis, d) => (axis ? along(axis, z) : row < 0 ? 0 : table.values(names[d]!)[row]!));
      }),
    );
  }

  /** The latent vector at a point on the axes x and y: the one nearest to `from` with these coordinates. */
  latentAt(place: readonly number[], from: readonly number[]): readonly number[] {
    const targets = [
      { name: this.axes.x, value: place[0]! },
      { name: this.axes.y, value: place[1]! },
    ];
    return latentWith(this.table, targets, from)?.z ?? from;
  }
}

/**
 * The latent vector nearest to `from` with given coordinates along axes. If one of the axes is not linear, that of the
 * particle with the nearest coordinates, each axis measured by its range.
 * @returns the latent vector, and the row of the particle or −1; undefined if no particle has coordinates
 */
export function latentWith(
  table: ScatterTable,
  targets: readonly AxisTarget[],
  from: readonly number[],
): { z: number[]; row: number } | undefined {
  const axes = targets.map(({ name }) => table.linear(name));
  if (axes.every((axis) => axis !== undefined)) {
    const linear = axes.map((axis, i) => ({ axis: axis!, value: targets[i]!.value }));
    return { z: nearestWithCoordinates(from, linear), row: -1 };
  }
  const columns = targets.map(({ name }) => table.values(name));
  const ranges = columns.map((column) => {
    const { low, high } = frameOf(column);
    return high - low;
  });
  const values = targets.map(({ value }) => value);
  const row = nearestRow(columns, values, ranges);
  return row < 0 ? undefined : { z: table.latentOf(row), row };
}

function shownAxis(table: ScatterTable, name: string): ShownAxis {
  const { kind } = table.axes().find((axis) => axis.name === name)!;
  return {
    name,
    title: table.title(name),
    kind,
    spreads: table.spreads(name),
    ...frameOf(table.values(name)),
  };
}
