import type { AxisReport, ChangeReport, Comparison, Finding, PartReport } from "../studyReport";
import { leastMotion, leastRatio } from "./changes";
import { wantedAxes } from "./spaces";

/** Correlation from which an axis counts as found again; lower end of its interval. */
const leastCorrelation = 0.7;
/** The same of differences of class averages, which are noisy. */
const leastDifference = 0.3;

/** What was found about two parts. */
export type Compared = Pick<Comparison, "space" | "changes" | "populations" | "clusters" | "averages"> & {
  parts: readonly [PartReport, PartReport];
};

/** What is reproduced and what is not, with the verdict first. */
export function verdictOf(compared: Compared): Pick<Comparison, "verdict" | "sentence" | "findings"> {
  const findings = [
    evidenceFinding(compared),
    spaceFinding(compared),
    changesFinding(compared),
    ...populationFinding(compared),
    ...clusterFindings(compared),
    ...averagesFinding(compared),
  ];
  // Populations and clusters are made by thresholds from what the others compare directly.
  const decisive = ["evidence", "space", "changes"];
  const isNot = findings.some(({ question, answer }) => answer === "no" && decisive.includes(question));
  const verdict = isNot
    ? "not"
    : findings.every(({ answer }) => answer === "yes")
      ? "reproducible"
      : "partly";
  return { verdict, sentence: sentenceOf(verdict, findings, compared), findings };
}

function sentenceOf(
  verdict: Comparison["verdict"],
  findings: readonly Finding[],
  { parts }: Compared,
): string {
  const [a, b] = parts.map(({ label }) => label);
  const say = (wanted: (answer: Finding["answer"]) => boolean) =>
    findings.filter(({ answer }) => wanted(answer)).map(({ short }) => short);
  if (verdict === "reproducible") return `reproducible: ${say(() => true).join("; ")}`;
  if (parts.every(({ evidence }) => evidence === "none")) {
    const shared = findings.some(({ question, answer }) => question === "space" && answer !== "no")
      ? "; what places have in common is an error of the images, or more particles held out are needed to show that it is none"
      : "";
    return `not reproducible: there is nothing to reproduce, since neither ${a} nor ${b} shows heterogeneity${shared}`;
  }
  const missing = say((answer) => answer !== "yes").join("; ");
  if (verdict === "not") return `not reproducible: ${missing}`;
  const held = say((answer) => answer === "yes");
  return `partly reproducible: ${missing}${held.length > 0 ? `; but ${held.join("; ")}` : ""}`;
}

function evidenceFinding({ parts }: Compared): Finding {
  const words = {
    found: "heterogeneity found",
    weak: "weak heterogeneity",
    none: "no heterogeneity",
    unknown: "not measured",
  };
  const text = parts.map(({ label, evidence, gain, standardError }) => {
    const sign = gain < 0 ? "−" : "+";
    const number =
      evidence === "unknown"
        ? ""
        : ` (${sign}${Math.abs(gain).toFixed(2)} ± ${standardError.toFixed(2)} nats)`;
    return `${words[evidence]} in ${label}${number}`;
  });
  const answer = parts.some(({ evidence }) => evidence === "none")
    ? "no"
    : parts.every(({ evidence }) => evidence === "found")
      ? "yes"
      : "partly";
  const [a, b] = parts.map(({ label, evidence }) => `${words[evidence]} in ${label}`);
  const short =
    parts[0].evidence === parts[1].evidence ? `${words[parts[0].evidence]} in both` : `${a}, ${b}`;
  return { question: "evidence", answer, short, sentence: text.join(", ") };
}

/** Whether the other part has an axis. */
export const isFound = ({ told }: AxisReport): boolean => told.low >= leastCorrelation;

function spaceFinding({ parts, space }: Compared): Finding {
  const wanted = space.axes.map(wantedAxes) as [AxisReport[], AxisReport[]];
  const missing = wanted.map((axes) => axes.filter((axis) => !isFound(axis)));
  const shared = wanted[space.reference - 1]!;
  const found = shared.length - missing[space.reference - 1]!.length;
  const told = wanted.map(
    (axes, p) =>
      `${axes.map(({ label, told }) => `${label} r ${told.value.toFixed(2)}`).join(", ")} of ${parts[p]!.label}`,
  );
  const lost = missing.flatMap((axes, p) =>
    axes.length > 0
      ? [`${axes.map(({ axis, label }) => `axis ${axis} (${label})`).join(", ")} of ${parts[p]!.label}`]
      : [],
  );
  const without = lost.length > 0 ? `; without a counterpart: ${lost.join(", ")}` : "";
  const bent = wanted.flat().filter((one) => isFound(one) && one.told.value - one.linear > leastBend).length;
  const curved =
    bent > 0 ? `; ${bent} of them ${bent === 1 ? "is a curve" : "are curves"} in the other space` : "";
  return {
    question: "space",
    answer: lost.length === 0 ? "yes" : found > 0 ? "partly" : "no",
    short: `places agree along ${found} of ${shared.length} ${shared.length === 1 ? "axis" : "axes"} (r ${range(shared.map(({ told }) => told.value))})${without}`,
    sentence: `places in one part tell those of the same particles in the other: ${told.join("; ")}${curved}${without}`,
  };
}

/** By so much a curve tells more than a straight line where it is mentioned. */
const leastBend = 0.05;

function changesFinding({ space, changes }: Compared): Finding {
  const axes = space.axes[space.reference - 1];
  const found = changes.filter(({ axis }) => isFound(axes![axis - 1]!));
  const compared = found.length > 0 ? found : changes.slice(0, 1);
  const agree = compared.filter(({ same }) => same).length;
  const numbers = compared.map(({ density }) => density.toFixed(2)).join(", ");
  return {
    question: "changes",
    answer: agree === compared.length ? "yes" : agree > 0 ? "partly" : "no",
    short: `the same change along ${agree} of ${compared.length} of them${sizesOf(compared)}`,
    sentence: `the same change along ${agree} of ${compared.length} of them (of the density, r ${numbers})${sizesOf(compared)}`,
  };
}

function populationFinding({ space, populations }: Compared): Finding[] {
  const axes = space.axes[space.reference - 1];
  const compared = populations.filter(({ axis }) => isFound(axes![axis - 1]!));
  if (compared.length === 0) return [];
  const same = compared.filter((one) => one.same).length;
  const distances = compared.map(({ distance }) => distance.toFixed(2)).join(", ");
  return [
    {
      question: "population",
      answer: same === compared.length ? "yes" : same > 0 ? "partly" : "no",
      short: `particles are distributed alike along ${same} of ${compared.length}`,
      sentence: `own particles are distributed alike along ${same} of ${compared.length} (distances ${distances} standard deviations)`,
    },
  ];
}

/** How far the molecule moves along the axis with the largest motion, if it moves. */
function sizesOf(changes: readonly ChangeReport[]): string {
  const largest = changes.reduce((a, b) => (Math.min(...a.sizes) >= Math.min(...b.sizes) ? a : b));
  const { sizes, motion } = largest;
  if (Math.min(...sizes) < leastMotion) return "";
  const unequal = Math.min(...sizes) < leastRatio * Math.max(...sizes);
  const rather = unequal && largest.same ? ", in part decoded as density that comes and goes" : "";
  return `, motion of ${sizes.map((size) => size.toFixed(1)).join(" and ")} Å RMS between the ends with overlap ${motion.toFixed(2)}${rather}`;
}

function clusterFindings({ clusters, parts }: Compared): Finding[] {
  const { numbers, pairs, alone, rand, apart, chosen } = clusters;
  if (chosen === "none") return [];
  const each = chosen === "together" ? ` (each by itself: ${apart.join(" and ")})` : "";
  if (Math.max(...numbers) === 1) {
    const gapless = "no gaps between particles that both have: a continuum";
    return [{ question: "clusters", answer: "yes", short: gapless, sentence: `${gapless}${each}` }];
  }
  const matched = pairs.filter((pair) => pair.matched);
  const lonely = alone.flatMap((list, p) =>
    list.length > 0 ? [`cluster ${list.join(", ")} of ${parts[p]!.label}`] : [],
  );
  const without = lonely.length > 0 ? `; without a partner: ${lonely.join(", ")}` : "";
  const matchedText = `${matched.length} ${matched.length === 1 ? "cluster" : "clusters"} matched of ${numbers.join(" and ")}`;
  const found: Finding = {
    question: "clusters",
    answer: matched.length === 0 ? "no" : lonely.length > 0 ? "partly" : "yes",
    short: `${matchedText}${without}`,
    sentence: `${matchedText}${each} (adjusted Rand index ${rand.toFixed(2)}${without})`,
  };
  if (matched.length === 0) return [found];
  const equal = matched.filter((pair) => pair.equal).length;
  const differences = matched.map(({ counts: [a, b] }) => Math.abs(a - b) / ((a + b) / 2));
  const percents = differences.map((difference) => (100 * difference).toFixed(1)).join(", ");
  return [
    found,
    {
      question: "counts",
      answer: equal === matched.length ? "yes" : equal > 0 ? "partly" : "no",
      short: `${equal} of ${matched.length} as large in both within the errors`,
      sentence: `fractions of own particles equal within their errors in ${equal} of ${matched.length}; of all particles, numbers differ by ${percents} %`,
    },
  ];
}

function averagesFinding({ averages }: Compared): Finding[] {
  if (!averages) return [];
  const { of, resolution, differences, differencesTo } = averages;
  const what = of === "thirds" ? "the thirds of an axis" : "matched clusters";
  const limits = resolution.flatMap(({ seventh }) => (seventh === null ? [] : [seventh]));
  const short =
    limits.length > 0
      ? `averages of ${what} agree to ${range(limits, 0)} Å`
      : `averages of ${what} do not agree`;
  const reached = resolution.map(({ seventh }) => (seventh === null ? "no" : seventh.toFixed(1))).join(", ");
  const says = `averages of ${what} agree to ${reached} Å (FSC 0.143)`;
  if (differences.length === 0) {
    return [{ question: "averages", answer: limits.length > 0 ? "yes" : "no", short, sentence: says }];
  }
  const own = differences.filter((row, i) => {
    const column = differences.map((other) => other[i]!);
    return row[i]! >= leastDifference && row[i] === Math.max(...row, ...column);
  }).length;
  return [
    {
      question: "averages",
      answer: own === differences.length ? "yes" : own > 0 ? "partly" : "no",
      short: `${short}, ${own} of ${differences.length} with the same differences from the mean`,
      sentence: `${says}, and ${own} of ${differences.length} differ from the mean as their counterpart does (to ${differencesTo.toFixed(0)} Å)`,
    },
  ];
}

/** The smallest and the largest of some numbers. */
function range(values: readonly number[], digits = 2): string {
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return low === high ? low! : `${low} to ${high}`;
}

const rank = { reproducible: 0, partly: 1, not: 2 } as const;

/** The verdict over several comparisons: the worst of them. */
export function overall(comparisons: readonly Comparison[]): Pick<Comparison, "verdict" | "sentence"> {
  const worst = comparisons.reduce((a, b) => (rank[b.verdict] > rank[a.verdict] ? b : a));
  if (comparisons.length === 1) return { verdict: worst.verdict, sentence: worst.sentence };
  const good = comparisons.filter(({ verdict }) => verdict === "reproducible").length;
  const summary = `${good} of ${comparisons.length} parts find again what ${worst.parts[0]} found`;
  return {
    verdict: worst.verdict,
    sentence:
      worst.verdict === "reproducible"
        ? `reproducible: ${summary}`
        : `${summary}; ${worst.parts[1]}: ${worst.sentence}`,
  };
}
