import { fscFigure, type LabelledFsc } from "../../display/fscFigure";
import { Table } from "../../display/table";
import type { FscCurve } from "../../reconstruction/fsc";
import type {
  AverageReport,
  ClusterReport,
  Comparison,
  Finding,
  PartReport,
  StudyReport,
} from "../studyReport";
import { type IntervalPoint, intervalFigure } from "./intervalFigure";
import { matrixFigure } from "./matrixFigure";
import { changesSection, populationsSection, spaceSection } from "./spaceSections";
import type { Labels, StudySection } from "./studySection";

const questions: Record<Finding["question"], string> = {
  evidence: "Is there heterogeneity in both?",
  space: "Do the same particles have the same places?",
  changes: "Does the same region change in the same way?",
  population: "Are particles distributed alike?",
  clusters: "Are the clusters the same?",
  counts: "Are they as large?",
  averages: "Do their averages show the same?",
};

/**
 * The report of a study in sections, as in `study.html` and `study.ipynb`.
 * @example
 * ```ts no-run
 * const report = await e2.study.read("study");
 * for (const { shown } of e2.study.sections(report)) for (const one of shown) await e2.show(one);
 * ```
 */
export function studySections(report: StudyReport): StudySection[] {
  return [
    {
      title: "Verdict",
      text: [upperFirst(report.sentence), ...report.notes],
      shown: [partsTable(report.parts)],
    },
    ...report.comparisons.flatMap((comparison) => comparisonSections(comparison, report)),
  ];
}

function comparisonSections(comparison: Comparison, report: StudyReport): StudySection[] {
  const [a, b] = comparison.parts.map((name) => report.parts.find((part) => part.name === name)!.label) as [
    string,
    string,
  ];
  const title = `${a} and ${b}`;
  const { findings, space, changes, populations, clusters, averages } = comparison;
  const several = report.comparisons.length > 1;
  return [
    {
      title: `${upperFirst(title)}: findings`,
      text: several ? [upperFirst(comparison.sentence)] : [],
      shown: [
        new Table(
          ["question", "answer", "measured"],
          findings.map(({ question, answer, sentence }) => [questions[question], answer, sentence]),
        ),
      ],
    },
    spaceSection(space, [a, b]),
    changesSection(changes, space, [a, b]),
    populationsSection(populations, space, [a, b]),
    clustersSection(clusters, [a, b]),
    ...(averages ? [averagesSection(averages, clusters, [a, b])] : []),
  ];
}

function partsTable(parts: readonly PartReport[]): Table {
  return new Table(
    [
      "part",
      "particles",
      "Gaussians",
      "poses",
      "axes",
      "real axes",
      "nats per particle held out",
      "evidence",
    ],
    parts.map((part) => [
      ...[part.label, part.particles, part.gaussians, part.poses, part.axes, part.realAxes],
      part.evidence === "unknown" ? "" : `${part.gain.toFixed(2)} ± ${part.standardError.toFixed(2)}`,
      part.evidence,
    ]),
    "Parts",
  );
}

function clustersSection(
  { numbers, pairs, alone, rand, arrangement, apart, chosen }: ClusterReport,
  [a, b]: Labels,
): StudySection {
  if (chosen === "none") {
    return { title: "Clusters", text: ["Not compared: the parts have no axis in common."], shown: [] };
  }
  if (Math.max(...numbers) === 1) {
    const how =
      chosen === "together"
        ? ` By themselves the parts find ${apart.join(" and ")}, which are no gaps of all particles on the shared scale.`
        : "";
    return {
      title: "Clusters",
      text: [`No gaps between particles that both have: a continuum.${how}`],
      shown: [],
    };
  }
  const together =
    chosen === "together"
      ? [
          `By themselves the parts find ${apart.join(" and ")} clusters, which do not all match. So both are divided into as many as ` +
            "all particles have on the shared scale.",
        ]
      : [];
  const text = [
    ...together,
    `${numbers[0]} clusters in ${a}, ${numbers[1]} in ${b}${chosen === "together" ? "" : ", each found from the part's own particles and then given to all particles"}. ` +
      `Adjusted Rand index of the two divisions ${rand.toFixed(3)}.` +
      (arrangement === undefined
        ? ""
        : ` Distances between matched clusters in the two spaces correlate with r ${arrangement.toFixed(2)}.`),
    ...alone.flatMap((list, p) =>
      list.length > 0
        ? [`Without a partner in the other part: cluster ${list.join(", ")} of ${[a, b][p]}.`]
        : [],
    ),
  ];
  const percent = ({ value, low, high }: { value: number; low: number; high: number }) =>
    `${(100 * value).toFixed(1)} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
  const points = pairs.flatMap(({ first, second, fractions }) =>
    fractions.map(
      (fraction, p): IntervalPoint => ({
        ...fraction,
        ...{ at: `${first} and ${second}`, series: p === 0 ? a : b },
      }),
    ),
  );
  return {
    title: "Clusters",
    text,
    shown: [
      new Table(
        [
          ...[
            `cluster of ${a}`,
            `of ${b}`,
            "overlap",
            "matched",
            `particles by ${a}`,
            `by ${b}`,
            "difference (%)",
          ],
          ...[`own particles of ${a} (%)`, `of ${b} (%)`, "equal"],
        ],
        pairs.map(({ first, second, overlap, matched, counts, fractions, equal }) => [
          ...[`${first}`, `${second}`, overlap.toFixed(2), matched ? "yes" : "no", ...counts],
          ((100 * (counts[1] - counts[0])) / Math.max((counts[0] + counts[1]) / 2, 1)).toFixed(1),
          ...[percent(fractions[0]), percent(fractions[1]), equal ? "yes" : "no"],
        ]),
        "Clusters, matched one to one; overlap: particles in both over particles in one of them",
      ),
      intervalFigure(points, {
        ...{ x: `cluster of ${a} and of ${b}`, y: "fraction of own particles" },
        title: "Sizes of the clusters, with simultaneous 95 % intervals",
      }),
    ],
  };
}

function averagesSection(averages: AverageReport, { pairs }: ClusterReport, [a, b]: Labels): StudySection {
  const { of, clusters, particles, frequency, matched, others, refused, differences, differencesTo } =
    averages;
  const one = of === "thirds" ? "third" : "cluster";
  const curve = (fsc: readonly number[]): FscCurve => ({
    shell: Int32Array.from(fsc, (_, r) => r),
    frequency: Float64Array.from(frequency),
    resolution: Float64Array.from(frequency, (f) => 1 / f),
    fsc: Float64Array.from(fsc),
  });
  const curves: LabelledFsc[] = matched.map((fsc, i) => ({
    label: `${one} ${clusters[i]} (${particles[i]!.join(" and ")})`,
    curve: curve(fsc),
  }));
  const control =
    others.length === 0
      ? undefined
      : others[0]!.map((_, r) => others.reduce((sum, fsc) => sum + fsc[r]! / others.length, 0));
  if (control) curves.push({ label: `${one}s that do not match, mean`, curve: curve(control) });
  const partner = (cluster: number) =>
    of === "thirds" ? `${cluster}` : `${pairs.find(({ first }) => first === cluster)?.second ?? ""}`;
  const cut =
    of === "thirds"
      ? "The first axis of the shared scale is cut into thirds, at the same places in both halves. "
      : "";
  return {
    title: of === "thirds" ? "Averages of thirds of the continuum" : "Averages of matched clusters",
    text: [
      `${cut}Each ${one} reconstructed from the own particles of ${a} and of ${b}. Regions that all ${one}s share correlate in any pair; the ` +
        `differences from the mean over the ${one}s of a half have only the heterogeneity in common.`,
      ...refused.map((sentence) => `Not reconstructed: ${sentence}.`),
    ],
    shown: [
      fscFigure(curves, { title: "Between the halves" }),
      ...(differences.length === 0
        ? []
        : [
            matrixFigure(differences, {
              rows: { title: `${one} of ${a}`, names: clusters.map(String) },
              columns: { title: `counterpart in ${b}`, names: clusters.map(partner) },
              title: `Differences from the mean, correlation to ${differencesTo.toFixed(0)} Å`,
            }),
          ]),
    ],
  };
}

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
