import { InputError } from "../errors";
import type { EpochReport } from "../training/trainer";
import { checkNumbers } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { palette } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

/**
 * How training went: FRC on particles that were trained on and on those held out, and below it the outermost ring that
 * each epoch saw. Starts that were given up are drawn faintly.
 *
 * @param history of a `Run`, or the reports collected by `onEpoch`
 * @throws InputError before the first epoch has ended, and where an FRC is not a number
 */
export function trainingFigure(history: readonly EpochReport[], options: FigureOptions = {}): Figure {
  const last = history.at(-1);
  if (!last) throw new InputError("history", "at least one epoch", "none");
  checkNumbers(
    "FRC by epoch",
    history.flatMap((report) => [report.trainFrc, report.validationFrc]),
  );
  const { title = "Training", width = 460, height = 220 } = options;
  const sides = ["training", "validation (held out)"] as const;
  const values = history.flatMap((report) =>
    sides.map((side) => ({
      epoch: report.epoch,
      frc: side === "training" ? report.trainFrc : report.validationFrc,
      side,
      curve: `${side} ${report.start}`,
      kept: report.start === last.start ? 1 : 0.25,
    })),
  );
  const kept = history.filter((report) => report.start === last.start);
  const x = (title: string | null) => ({
    field: "epoch",
    type: "quantitative",
    scale: { domain: [Math.min(...kept.map((r) => r.epoch), 1), Math.max(last.epoch, 2)], nice: false },
    axis: { title, tickMinStep: 1, format: "d", grid: false, ...(title === null ? { labels: false } : {}) },
  });
  const description =
    `Training, ${last.epoch} epochs in ${last.seconds.toFixed(0)} s: FRC ${last.trainFrc.toFixed(3)} on training particles, ` +
    `${last.validationFrc.toFixed(3)} on validation (held-out) particles`;
  return vegaFigure(description, {
    ...titleOf(title),
    spacing: 14,
    vconcat: [
      {
        width,
        height,
        data: { values },
        mark: { type: "line", point: { size: 28, filled: true }, strokeWidth: 2.2 },
        encoding: {
          x: x(null),
          y: {
            field: "frc",
            type: "quantitative",
            scale: { zero: false, nice: true },
            axis: { title: "Mean FRC", tickCount: 5 },
          },
          color: {
            field: "side",
            type: "nominal",
            scale: { domain: sides, range: [palette.sky, palette.vermilion] },
            legend: { title: "Particles" },
          },
          detail: { field: "curve" },
          opacity: { field: "kept", type: "quantitative", scale: null, legend: null },
        },
      },
      {
        width,
        height: 60,
        data: { values: kept.map(({ epoch, rings }) => ({ epoch, rings })) },
        mark: { type: "line", interpolate: "step", color: palette.grey, strokeWidth: 2 },
        encoding: {
          x: x("Epoch"),
          y: {
            field: "rings",
            type: "quantitative",
            scale: { zero: true, nice: true },
            axis: { title: "Rings seen", tickCount: 3 },
          },
        },
      },
    ],
  });
}
