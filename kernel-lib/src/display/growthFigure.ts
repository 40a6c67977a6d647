import { InputError } from "../errors";
import type { GrownModel } from "../model/growth";
import { checkNumbers, distinctLabels, shortNumber } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { frequencyAxes } from "./frequencyAxis";
import { numberScheme, palette } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

/**
 * Fourier ring correlation between the Gaussian model and its map, one curve for each round of growth.
 *
 * @param grown what `growNeutralModel` returned
 * @param options.target FRC of the dotted line; default 0.95
 * @throws InputError where there are no rounds or their curves are not numbers
 */
export function growthFigure(
  grown: Pick<GrownModel, "model" | "rounds">,
  options: FigureOptions & { target?: number } = {},
): Figure {
  const { rounds, model } = grown;
  if (rounds.length === 0) throw new InputError("rounds", "at least one round of growth", "none");
  const { title = "How well the Gaussians describe the map", target = 0.95 } = options;
  const edge = model.boxSize * model.apix;
  const labels = distinctLabels(
    rounds.map((round) => `${round.gaussians} to ${shortNumber(round.resolution)} Å`),
  );
  const values = rounds.flatMap(({ frcByRing }, r) => {
    checkNumbers(`FRC of round ${r + 1}`, frcByRing.slice(1));
    return frcByRing.slice(1).map((frc, i) => ({ frequency: (i + 1) / edge, frc, round: labels[r] }));
  });
  const highest = Math.max(...values.map((row) => row.frequency));
  const { below, above } = frequencyAxes(highest);
  const y = { type: "quantitative", scale: { domain: [Math.min(0, ...values.map((row) => row.frc)), 1] } };
  const description = `FRC between model and map by round of growth: ${rounds
    .map((round, r) => `${labels[r]}, mean ${round.frc.toFixed(3)}`)
    .join("; ")}`;
  return vegaFigure(description, {
    ...titleOf(title),
    width: options.width ?? 460,
    height: options.height ?? 260,
    layer: [
      {
        data: { values },
        mark: { type: "line", strokeWidth: 2.2, interpolate: "monotone" },
        encoding: {
          x: { field: "frequency", ...below },
          y: { field: "frc", ...y, axis: { title: "Fourier ring correlation", tickCount: 6 } },
          color: {
            field: "round",
            type: "ordinal",
            sort: labels,
            scale: { scheme: numberScheme, domain: labels, reverse: true },
            legend: { title: "Gaussians, fitted down to" },
          },
        },
      },
      {
        data: { values: [{}] },
        mark: { type: "rule", strokeDash: [2, 3], color: palette.grey },
        encoding: { y: { datum: target, ...y } },
      },
      { data: { values: [{}] }, mark: { type: "rule", opacity: 0 }, encoding: { x: above } },
    ],
    resolve: { axis: { x: "independent" } },
  });
}
