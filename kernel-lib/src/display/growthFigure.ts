import { InputError } from "../errors";
import type { GrownModel } from "../model/growth";
import { checkNumbers, distinctLabels, shortNumber } from "./checks";
import type { Figure, FigureOptions } from "./figure";
import { frequencyPlot } from "./frequencyPlot";
import { numberScheme } from "./theme";
import { titleOf, vegaFigure } from "./vegaFigure";

/** Options of a growth figure. */
export interface GrowthFigureOptions extends FigureOptions {
  /** FRC of the dotted line. Default 0.95. */
  target?: number;
}

/**
 * Fourier ring correlation between the Gaussian model and its map, one curve for each round of growth.
 *
 * @param grown   result of growing a model
 * @param options width default 460, height 260
 * @throws InputError if there are no rounds, or an FRC is not finite
 *
 * @example
 * ```ts
 * const grown = await e2.model.grow(await e2.maps.read("consensus.mrc"), { resolution: 20, gaussians: 16 });
 * await e2.show(e2.figures.growth(grown));
 * ```
 */
export function growthFigure(
  grown: Pick<GrownModel, "model" | "rounds">,
  options: GrowthFigureOptions = {},
): Figure {
  const { rounds, model } = grown;
  if (rounds.length === 0) throw new InputError("rounds", "at least one round of growth", "none");
  const { title = "Fit of the Gaussians to the map", target = 0.95 } = options;
  const boxLength = model.boxSize * model.apix;
  const labels = distinctLabels(
    rounds.map((round) => `${round.gaussians} to ${shortNumber(round.resolution)} Å`),
  );
  const points = rounds.flatMap(({ frcByRing }, r) => {
    checkNumbers(`FRC of round ${r + 1}`, frcByRing.slice(1));
    return frcByRing.slice(1).map((correlation, i) => ({
      frequency: (i + 1) / boxLength,
      correlation,
      curve: labels[r]!,
    }));
  });
  const color = {
    field: "curve",
    type: "ordinal",
    sort: labels,
    scale: { scheme: numberScheme, domain: labels, reverse: true },
    legend: { title: "Gaussians and resolution" },
  };
  const plot = frequencyPlot(
    {
      points,
      title: "Fourier ring correlation",
      thresholds: [target],
      mark: { interpolate: "monotone" },
      channels: { color },
    },
    options,
  );
  const description = `FRC between model and map by round of growth: ${rounds
    .map((round, r) => `${labels[r]}, mean ${round.frc.toFixed(3)}`)
    .join("; ")}`;
  return vegaFigure(description, { ...titleOf(title), ...plot });
}
