import { scatterFigure } from "../../display/scatterFigure";
import { Table } from "../../display/table";
import { wantedAxes } from "../comparison/spaces";
import type { ChangeReport, PopulationReport, SpaceReport } from "../studyReport";
import { type IntervalPoint, intervalFigure } from "./intervalFigure";
import { matrixFigure } from "./matrixFigure";
import { populationFigure } from "./populationFigure";
import type { Labels, StudySection } from "./studySection";

/** Å RMS below which there is no motion to compare. */
const leastMotion = 0.05;

/** Which axes of either part the other one has. */
export function spaceSection(space: SpaceReport, [a, b]: Labels): StudySection {
  const { axes, correlations, particles, sample, reference } = space;
  const points = axes.flatMap((list, p) =>
    list.map(({ axis, told }): IntervalPoint => ({ ...told, at: `z${axis}`, series: [a, b][p]! })),
  );
  const names = (label: string, count: number) => ({
    title: `axis of ${label}`,
    names: Array.from({ length: count }, (_, d) => `z${d + 1}`),
  });
  const shared = [a, b][reference - 1];
  const axis = sharedAxis(space);
  return {
    title: `Places in ${a} and ${b}`,
    text: [
      `${particles} particles have a place in both latent spaces. Each axis is told from the places in the other space, by a ` +
        "polynomial of degree 1 to 3 that was fitted to other particles, so that axes may be turned, stretched and bent. Below " +
        `0.7 (dotted) an axis does not count as found again. The axes of ${shared} are the shared scale for what follows.`,
    ],
    shown: [
      new Table(
        ["axis", "of", "what it is", "real", "told by the other, r", "by a straight map, r"],
        axes.flatMap((list, p) =>
          list.map(({ axis, label, real, told, linear }) => [
            ...[`z${axis}`, [a, b][p]!, label, real ? "yes" : "no"],
            `${told.value.toFixed(2)} (${told.low.toFixed(2)} to ${told.high.toFixed(2)})`,
            linear.toFixed(2),
          ]),
        ),
      ),
      intervalFigure(points, {
        ...{ x: "axis", y: "correlation", threshold: 0.7, top: 1 },
        title: "Axes told by the other space",
      }),
      scatterFigure(
        { label: `${axis} by ${a}`, values: sample.first },
        { label: `${axis} by ${b}`, values: sample.second },
        { title: "The same particles in both spaces", correlation: true, width: 280, height: 240 },
      ),
      matrixFigure(correlations, {
        ...{ rows: names(a, correlations.length), columns: names(b, correlations[0]?.length ?? 0) },
        title: "Correlation, axis by axis",
      }),
    ],
  };
}

/** Name of the first axis of the shared scale. */
const sharedAxis = ({ axes, reference }: SpaceReport) => `z${wantedAxes(axes[reference - 1]!)[0]!.axis}`;

/** What both decoders change along the shared scale. */
export function changesSection(
  changes: readonly ChangeReport[],
  { axes, reference }: SpaceReport,
  [a, b]: Labels,
): StudySection {
  return {
    title: "What changes along these axes",
    text: [
      "Both decoders are asked for the places of the same particles: the tenth that is lowest and the tenth that is highest " +
        `along an axis. The motion decoded in ${a} is interpolated at the Gaussians of ${b}; a rigid motion of the ` +
        "whole is taken out. The change of the density has motion and composition in it.",
    ],
    shown: [
      new Table(
        [
          ...["axis", "density, r", "motion, overlap", "region that moves, r"],
          ...[
            `motion, ${a} (Å RMS)`,
            `motion, ${b} (Å RMS)`,
            `change of masses, ${a}`,
            `change of masses, ${b}`,
            "the same",
          ],
        ],
        changes.map(({ axis, density, motion, region, sizes, masses, same }) => [
          ...[axes[reference - 1]![axis - 1]!.label, density.toFixed(2)],
          ...[motion, region].map((r) => (Math.min(...sizes) < leastMotion ? "no motion" : r.toFixed(2))),
          ...sizes.map((size) => size.toFixed(2)),
          ...masses.map((mass) => `${(100 * mass).toFixed(0)} %`),
          same ? "yes" : "no",
        ]),
      ),
    ],
  };
}

/** How the own particles of both are distributed along it. */
export function populationsSection(
  populations: readonly PopulationReport[],
  { axes, reference }: SpaceReport,
  [a, b]: Labels,
): StudySection {
  const label = (axis: number) => axes[reference - 1]![axis - 1]!.label;
  return {
    title: "How particles are distributed",
    text: [
      `The own particles of ${a} and of ${b} along the shared scale, each placed by its own part. The distance is how far particles ` +
        "have to be moved, in the mean, to make one distribution the other (Wasserstein); up to 0.15 standard deviations, or " +
        "what halves of one population differ by chance, they count as the same.",
    ],
    shown: [
      new Table(
        ["axis", "distance (standard deviations)", "by chance up to", "the same"],
        populations.map(({ axis, distance, chance, same }) => [
          ...[label(axis), distance.toFixed(2), chance.toFixed(2), same ? "yes" : "no"],
        ]),
      ),
      ...populations.map(({ axis, histograms }) =>
        populationFigure(histograms, {
          ...{ names: [a, b], x: `${label(axis)} (standard deviations)` },
          title: `Particles along ${label(axis)}`,
        }),
      ),
    ],
  };
}
