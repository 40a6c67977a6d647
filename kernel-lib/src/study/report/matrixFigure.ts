import type { Figure, FigureOptions } from "../../display/figure";
import { titleOf, vegaFigure } from "../../display/vegaFigure";

/** What rows and columns are. */
export interface MatrixOptions extends FigureOptions {
  rows: { title: string; names: readonly string[] };
  columns: { title: string; names: readonly string[] };
}

/** A matrix of correlations as coloured cells with their numbers. */
export function matrixFigure(values: readonly (readonly number[])[], options: MatrixOptions): Figure {
  const { rows, columns, title } = options;
  const cells = values.flatMap((row, i) =>
    row.map((value, j) => ({ row: rows.names[i], column: columns.names[j], value })),
  );
  const channel = (field: string, { title: of, names }: { title: string; names: readonly string[] }) => ({
    ...{ field, type: "nominal", sort: names },
    axis: { title: of, labelAngle: 0, grid: false },
  });
  const size = Math.max(28, Math.min(44, 300 / Math.max(values.length, 1)));
  const text = cells.map(({ row, column, value }) => `${row} and ${column} ${value.toFixed(2)}`).join("; ");
  return vegaFigure(`${title ?? "Correlations"}: ${text}`, {
    ...titleOf(title),
    width: size * columns.names.length,
    height: size * rows.names.length,
    data: { values: cells },
    encoding: { x: channel("column", columns), y: channel("row", rows) },
    layer: [
      {
        mark: { type: "rect" },
        encoding: {
          color: {
            field: "value",
            type: "quantitative",
            scale: { domain: [-1, 0, 1], range: ["#D55E00", "#f7f7f7", "#0072B2"] },
            legend: null,
          },
        },
      },
      {
        mark: { type: "text", fontSize: 10 },
        encoding: {
          text: { field: "value", type: "quantitative", format: ".2f" },
          color: { condition: { test: "abs(datum.value) > 0.6", value: "#ffffff" }, value: "#222222" },
        },
      },
    ],
  });
}
