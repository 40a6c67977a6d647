import { InputError } from "../errors";
import type { EpochReport } from "../training/trainer";
import { checkNumbers } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { palette } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

const curves = ["training", "validation (held out)"] as const;

/**
 * The course of a training: FRC of training and validation (held-out) particles, and below it the number of rings in use.
 * Discarded starts are drawn faintly.
 *
 * @param history of a `Run`, or the reports collected by `onEpoch`
 * @param options width default 460, height 220
 * @throws InputError before the first epoch has ended, and if an FRC is not finite
 *
 * @example
 * ```ts
 * const run = await e2.openRun("RUN");
 * await e2.show(e2.figures.training(run.history));
 * ```
 */
export function trainingFigure(history: readonly EpochReport[], options: FigureOptions = {}): Figure {
  const last = history.at(-1);
  if (!last) throw new InputError("history", "at least one epoch", "none");
  checkNumbers(
    "FRC by epoch",
    history.flatMap((report) => [report.trainFrc, report.validationFrc]),
  );
  const { title = "Training", width = 460, height = 220 } = options;
  const description =
    `Training, ${last.epoch} epochs in ${last.seconds.toFixed(0)} s: FRC ${last.trainFrc.toFixed(3)} of training particles, ` +
    `${last.validationFrc.toFixed(3)} of validation particles`;
  return vegaFigure(description, {
    ...titleOf(title),
    spacing: 14,
    vconcat: [
      { width, height, ...frcPlot(history, last) },
      { width, height: 60, ...ringsPlot(history, last) },
    ],
  });
}

function epochAxis(history: readonly EpochReport[], last: EpochReport, title: string | null): object {
  const kept = history.filter((report) => report.start === last.start);
  const first = Math.min(...kept.map(({ epoch }) => epoch), 1);
  return {
    field: "epoch",
    type: "quantitative",
    scale: { domain: [first, Math.max(last.epoch, 2)], nice: false },
    axis: { title, tickMinStep: 1, format: "d", grid: false, ...(title === null ? { labels: false } : {}) },
  };
}

function frcPlot(history: readonly EpochReport[], last: EpochReport): object {
  const values = history.flatMap(({ start, epoch, trainFrc, validationFrc }) =>
    curves.map((particles) => ({
      epoch,
      frc: particles === "training" ? trainFrc : validationFrc,
      particles,
      curve: `${particles} ${start}`,
      opacity: start === last.start ? 1 : 0.25,
    })),
  );
  return {
    data: { values },
    mark: { type: "line", point: { size: 28, filled: true }, strokeWidth: 2.2 },
    encoding: {
      x: epochAxis(history, last, null),
      y: {
        field: "frc",
        type: "quantitative",
        scale: { zero: false, nice: true },
        axis: { title: "Mean FRC", tickCount: 5 },
      },
      color: {
        field: "particles",
        type: "nominal",
        scale: { domain: curves, range: [palette.sky, palette.vermilion] },
        legend: { title: "Particles" },
      },
      detail: { field: "curve" },
      opacity: { field: "opacity", type: "quantitative", scale: null, legend: null },
    },
  };
}

function ringsPlot(history: readonly EpochReport[], last: EpochReport): object {
  const kept = history.filter(({ start }) => start === last.start);
  return {
    data: { values: kept.map(({ epoch, rings }) => ({ epoch, rings })) },
    mark: { type: "line", interpolate: "step", color: palette.grey, strokeWidth: 2 },
    encoding: {
      x: epochAxis(history, last, "Epoch"),
      y: {
        field: "rings",
        type: "quantitative",
        scale: { zero: true, nice: true },
        axis: { title: "Rings", tickCount: 3 },
      },
    },
  };
}
