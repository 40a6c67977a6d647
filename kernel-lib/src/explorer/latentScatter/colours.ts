import { distinctLabels } from "../../display/checks";
import { type Marker, palette, seriesStyle, setColours } from "../../display/theme";
import type { CategoryColumn } from "../../particles/particleColumns";
import { robustRange } from "./ranges";
import type { Colouring, ScatterCategory } from "./state";
import { type ScatterTable, setsColumn } from "./table";

/** A set of particles as the scatter shows it. */
export interface ScatterSet {
  /** In the legend. */
  name: string;
  /** `#rgb` or `#rrggbb`. */
  colour: string;
  /** Shape of its points. Default a circle. */
  marker?: Marker;
  /** Particle rows from 0, in any order. */
  rows: Uint32Array;
}

/** Categories in a legend; beyond that, the least frequent ones are combined. */
const maxCategories = 30;
const othersLabel = "others";
const noSetLabel = "in no set";
const grey = palette.grey;

/** Colours of all particles. */
export interface ParticleColours {
  /** The legend. */
  colouring: Colouring;
  /** Number of each particle; empty unless coloured by numbers. */
  numbers: Float32Array;
  /** Category of each particle; empty unless coloured by categories or sets. */
  codes: Uint16Array;
}

/** Particles without colours. */
export const noColours = (): ParticleColours => ({
  colouring: { kind: "none" },
  numbers: new Float32Array(0),
  codes: new Uint16Array(0),
});

/** Colours of particles by an axis, a column or the sets; none for an empty name. @throws InputError for an unknown name */
export function coloursOf(table: ScatterTable, name: string, sets: readonly ScatterSet[]): ParticleColours {
  if (name === "") return noColours();
  if (name === setsColumn) return coloursOfSets(table.count, sets);
  const column = table.column(name);
  if (column?.kind === "category") return coloursOfCategories(column);
  const numbers = table.values(name);
  return {
    ...noColours(),
    colouring: { kind: "number", name, title: table.title(name), ...robustRange(numbers, 0.01) },
    numbers,
  };
}

/** A particle in several sets has the colour of the last one. */
function coloursOfSets(count: number, sets: readonly ScatterSet[]): ParticleColours {
  const codes = new Uint16Array(count).fill(sets.length);
  sets.forEach(({ rows }, set) => {
    for (let i = 0; i < rows.length; i++) codes[rows[i]!] = set;
  });
  let without = 0;
  for (const code of codes) if (code === sets.length) without++;
  const categories = withDistinctNames([
    ...sets.map(({ name, colour, marker = "circle", rows }) => ({
      name,
      colour,
      marker,
      count: rows.length,
    })),
    { name: noSetLabel, colour: grey, marker: "circle", count: without },
  ]);
  return { ...noColours(), colouring: { kind: "sets", name: setsColumn, categories }, codes };
}

function coloursOfCategories({ name, codes, names }: CategoryColumn): ParticleColours {
  const counts = new Uint32Array(names.length);
  for (const code of codes) counts[code]!++;
  const { kept, others } = keptCategories(counts);
  const indexOf = new Uint16Array(names.length).fill(kept.length);
  kept.forEach((code, index) => {
    indexOf[code] = index;
  });
  const categories: ScatterCategory[] = kept.map((code, index) => ({
    name: names[code]!,
    colour: categoryColour(index),
    marker: seriesStyle(index).marker,
    count: counts[code]!,
  }));
  if (others > 0) categories.push({ name: othersLabel, colour: grey, marker: "circle", count: others });
  return {
    ...noColours(),
    colouring: { kind: "category", name, categories: withDistinctNames(categories) },
    codes: Uint16Array.from(codes, (code) => indexOf[code]!),
  };
}

/** Codes of the categories with their own colour, ascending, and the number of particles in the others. */
function keptCategories(counts: Uint32Array): { kept: number[]; others: number } {
  const used = Array.from(counts.keys()).filter((code) => counts[code]! > 0);
  if (used.length <= maxCategories) return { kept: used, others: 0 };
  const frequent = [...used].sort((a, b) => counts[b]! - counts[a]! || a - b).slice(0, maxCategories - 1);
  const kept = frequent.sort((a, b) => a - b);
  const all = counts.reduce((sum, count) => sum + count, 0);
  return { kept, others: kept.reduce((rest, code) => rest - counts[code]!, all) };
}

/** Makes names unique, so that entries of the legend can be hidden separately. */
function withDistinctNames(categories: readonly ScatterCategory[]): ScatterCategory[] {
  const names = distinctLabels(categories.map(({ name }) => name));
  return categories.map((category, i) => ({ ...category, name: names[i]! }));
}

/** Colour of a category. Colours repeat, with the next marker and a little greyer each time. */
export function categoryColour(index: number): string {
  const part = 0.15 * Math.floor(index / setColours.length);
  const { colour } = seriesStyle(index);
  if (part === 0) return colour;
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const mixed = channels.map((value) => Math.round(value + part * (128 - value)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
