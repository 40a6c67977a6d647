import { createRequire } from "node:module";
import path from "node:path";
import type * as e2 from "e2gmm";
import type { Row } from "./resumable";

/** The power curve: what trainings find, over the size of a motion and over the fraction of a rare state. */

/** Internal modules of the library. */
const inner = createRequire(path.join(require.resolve("e2gmm"), "../index.js"));

/** A set that was measured. */
interface Point {
  level: number;
  /** Number of particles, as text. */
  particles: string;
  /** Fraction of the seeds whose verdict is not none. */
  found: number;
  /** Mean of the score: a correlation, or an area under a curve as a correlation (0 by chance, 1 without error). */
  score: number;
}

/** Rows of one kind as points, one for each level and number of particles. */
export function pointsOf(rows: readonly Row[], kind: string, score: string): Point[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows.filter((one) => one.kind === kind)) {
    const key = `${row.level}, ${row.particles}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()]
    .map((group) => {
      const mean = (of: (row: Row) => number) => group.reduce((sum, row) => sum + of(row), 0) / group.length;
      return {
        level: Number.parseFloat(String(group[0]!.level)),
        particles: `${group[0]!.particles} particles`,
        found: mean(({ verdict }) => Number(verdict !== "none")),
        score: mean((row) =>
          score === "AUC" ? Math.max(0, 2 * Number(row[score]) - 1) : Number(row[score]),
        ),
      };
    })
    .sort((a, b) => a.level - b.level);
}

/** The smallest level at which all seeds, and all levels above it, were found; undefined for none. */
export function smallestFound(points: readonly Point[]): number | undefined {
  const missed = points.reduce((last, { found }, k) => (found < 1 ? k : last), -1);
  return points[missed + 1]?.level;
}

/** One panel for each kind: the fraction of seeds with the verdict, and the score, over the level. */
export async function powerFigure(
  rows: readonly Row[],
  kinds: readonly { kind: string; axis: string; score: string }[],
): Promise<{ figure: e2.figures.Figure; smallest: string[] }> {
  const { vegaFigure } = inner("./display/vegaFigure");
  const panels = kinds
    .map((one) => ({ ...one, points: pointsOf(rows, one.kind, one.score) }))
    .filter(({ points }) => points.length > 0);
  const smallest = panels.flatMap(({ kind, axis, points }) =>
    [...new Set(points.map(({ particles }) => particles))].map((particles) => {
      const level = smallestFound(points.filter((point) => point.particles === particles));
      return `${kind}, ${particles}: ${level === undefined ? "none found" : `smallest found ${level}`} (${axis})`;
    }),
  );
  const figure = vegaFigure(smallest.join("; "), {
    hconcat: panels.map(({ axis, points, score }) => ({
      width: 260,
      height: 180,
      data: {
        values: points.flatMap(({ level, particles, found, score: value }) => [
          { level, value: found, what: `verdict, ${particles}` },
          { level, value, what: `${score === "AUC" ? "2 AUC − 1" : score}, ${particles}` },
        ]),
      },
      mark: { type: "line", point: true },
      encoding: {
        x: { field: "level", type: "quantitative", scale: { type: "log" }, axis: { title: axis } },
        y: { field: "value", type: "quantitative", scale: { domain: [0, 1] }, axis: { title: "found" } },
        color: { field: "what", type: "nominal", legend: { title: null, orient: "bottom", columns: 1 } },
      },
    })),
    resolve: { scale: { color: "independent" } },
  });
  return { figure, smallest };
}
