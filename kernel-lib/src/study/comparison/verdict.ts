import type { ChangeReport, Comparison, Finding, Interval, PartReport } from "../studyReport";

/** Correlations from which a direction, and a change, count as found again; lower ends of the intervals of directions. */
const leastCorrelation = 0.7;
/** The same of differences of class averages, which are noisy. */
const leastDifference = 0.3;

/** What was found about two parts. */
export type Compared = Pick<Comparison, "space" | "changes" | "clusters" | "averages"> & {
  parts: readonly [PartReport, PartReport];
};

/** What is reproduced and what is not, with the verdict first. */
export function verdictOf(compared: Compared): Pick<Comparison, "verdict" | "sentence" | "findings"> {
  const findings = [
    evidenceFinding(compared),
    spaceFinding(compared),
    changesFinding(compared),
    ...clusterFindings(compared),
    ...averagesFinding(compared),
  ];
  // Clusters may be parts of a continuum, which each part divides where its own particles happen to be few.
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

/** Number of leading pairs of directions that are found again. */
export const reproducedPairs = (canonical: readonly Interval[]): number =>
  canonical.filter(({ low }) => low >= leastCorrelation).length;

function spaceFinding({ parts, space }: Compared): Finding {
  const wanted = Math.max(1, ...parts.map(({ realAxes }) => realAxes));
  const found = reproducedPairs(space.canonical);
  const numbers = space.canonical.map(({ value }) => value.toFixed(2)).join(", ");
  const real = parts.map(({ realAxes }) => realAxes).join(" and ");
  return {
    question: "space",
    answer: found >= wanted ? "yes" : found > 0 ? "partly" : "no",
    short: `places agree along ${found} of ${space.canonical.length} directions (r ${range(space.canonical.map(({ value }) => value))})`,
    sentence: `places of the same particles agree along ${found} of ${space.canonical.length} directions (r ${numbers}; real axes by evidence: ${real})`,
  };
}

function changesFinding({ space, changes }: Compared): Finding {
  const compared = changes.slice(0, Math.max(1, reproducedPairs(space.canonical)));
  const agree = compared.filter(({ density }) => density >= leastCorrelation).length;
  const numbers = compared.map(({ density }) => density.toFixed(2)).join(", ");
  return {
    question: "changes",
    answer: agree === compared.length ? "yes" : agree > 0 ? "partly" : "no",
    short: `the same change along ${agree} of ${compared.length} of them${sizesOf(compared)}`,
    sentence: `the same change of the density along ${agree} of ${compared.length} of them (r ${numbers})${sizesOf(compared)}`,
  };
}

/** How far the molecule moves along the pair of directions with the largest motion, if it moves. */
function sizesOf(changes: readonly ChangeReport[]): string {
  const largest = changes.reduce((a, b) => (Math.min(...a.sizes) >= Math.min(...b.sizes) ? a : b));
  const { sizes, motion } = largest;
  if (Math.min(...sizes) < 0.5) return "";
  return `, motion of ${sizes.map((size) => size.toFixed(1)).join(" and ")} Å RMS between the ends with r ${motion.toFixed(2)}`;
}

function clusterFindings({ clusters, parts }: Compared): Finding[] {
  const { numbers, pairs, alone, rand } = clusters;
  if (Math.max(...numbers) === 1) {
    const gapless = "no gaps between particles in either: one group";
    return [{ question: "clusters", answer: "yes", short: gapless, sentence: gapless }];
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
    sentence: `${matchedText} (adjusted Rand index ${rand.toFixed(2)}${without})`,
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
  const { resolution, differences, differencesTo } = averages;
  const limits = resolution.flatMap(({ seventh }) => (seventh === null ? [] : [seventh]));
  const short =
    limits.length > 0 ? `their averages agree to ${range(limits, 0)} Å` : "their averages do not agree";
  const reached = resolution.map(({ seventh }) => (seventh === null ? "no" : seventh.toFixed(1))).join(", ");
  const says = `averages of matched clusters agree to ${reached} Å (FSC 0.143)`;
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
      sentence: `${says}, and ${own} of ${differences.length} differ from the mean as their partner does (to ${differencesTo.toFixed(0)} Å)`,
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
