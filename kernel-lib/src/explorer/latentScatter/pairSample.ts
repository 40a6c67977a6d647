import { randomRows } from "./drawnPoints";
import { frameOf } from "./ranges";
import type { LatentScatterState, PairAxis, PairKind } from "./state";
import type { ScatterTable } from "./table";

/** Points of each small plot of the pair grid: enough to see shapes, few enough to send and draw many plots at once. */
export const maxPairPoints = 3000;

/** Number of axes from which on there are pairs to choose among. */
export const leastPairedAxes = 3;

type PairTraits = Pick<LatentScatterState, "pairAxes" | "pairPoints" | "pairDrawn">;

/** The pair grid while it is closed. */
const closed = (): PairTraits => ({
  pairAxes: [],
  pairPoints: new Float32Array(0),
  pairDrawn: new Uint32Array(0),
});

/**
 * Coordinates of some particles along all axes of a kind, from which a page draws every pair of axes.
 * @param kind empty: the grid is closed
 * @param drawnRows rows of the points that are drawn; empty: all
 * @param seed of the sample, if more than {@link maxPairPoints} points are drawn
 */
export function pairTraits(
  table: ScatterTable,
  kind: PairKind,
  drawnRows: Uint32Array,
  seed: number,
): PairTraits {
  if (kind === "") return closed();
  const choices = table.axes().filter((axis) => axis.kind === kind);
  if (choices.length < leastPairedAxes) return closed();
  const drawn = drawnRows.length || table.count;
  const pairDrawn =
    drawn > maxPairPoints
      ? randomRows(drawn, maxPairPoints, seed)
      : Uint32Array.from({ length: drawn }, (_, i) => i);
  const columns = choices.map(({ name }) => table.values(name));
  const pairPoints = new Float32Array(pairDrawn.length * columns.length);
  pairDrawn.forEach((i, point) => {
    const row = drawnRows.length > 0 ? drawnRows[i]! : i;
    columns.forEach((column, axis) => {
      pairPoints[point * columns.length + axis] = column[row]!;
    });
  });
  const pairAxes = choices.map(({ name }, axis): PairAxis => {
    const { weights, offset } = table.linear(name)!;
    return {
      ...{ name, title: table.title(name), weights: Array.from(weights), offset },
      ...frameOf(columns[axis]!),
    };
  });
  return { pairAxes, pairPoints, pairDrawn };
}
