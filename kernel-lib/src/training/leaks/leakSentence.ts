import type { Leak } from "./results";

/** Explained variance below which a dependence is called slight. */
const slight = 0.02;

/** The result in a sentence. */
export function leakSentence(leaks: readonly Leak[]): string {
  if (leaks.length === 0)
    return "nothing to test places against: every property is the same for all particles";
  const found = leaks.filter(({ depends }) => depends !== "no");
  if (found.length === 0) {
    const least = Math.min(...leaks.map(({ p, informationP }) => Math.min(p, informationP)));
    const tests = `p ${least < 1 ? "≥ " : ""}${pText(least)} after correction for ${2 * leaks.length} tests`;
    return `places do not depend on ${list(leaks.map(({ name }) => name))} (${tests})`;
  }
  const places = found.filter(({ depends }) => depends === "place").map(placeText);
  const distributions = found.filter(({ depends }) => depends === "distribution").map(distributionText);
  const parts = [
    ...(places.length > 0 ? [`places follow ${list(places)}`] : []),
    ...(distributions.length > 0 ? [`their distribution depends on ${list(distributions)}`] : []),
  ];
  return `${parts.join("; ")}: an association, which may be an error or a preference of the states`;
}

function placeText({ name, explained, p }: Leak): string {
  return `${explained < slight ? "slightly the" : "the"} ${name} (R² ${explained.toFixed(3)}, p ${pText(p)})`;
}

function distributionText({ name, information, informationP }: Leak): string {
  return `the ${name} (${information.toFixed(3)} nats, p ${pText(informationP)})`;
}

/** A p-value as text. */
export function pText(p: number): string {
  return p.toFixed(p < 0.01 ? 4 : 2);
}

function list(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
