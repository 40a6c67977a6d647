import { distinctLabels } from "../../display/checks";
import { type Marker, seriesStyle, setColours } from "../../display/theme";
import { robustRange } from "./drawn";
import type { Colouring, ScatterCategory } from "./state";
import { type CategoryColumn, type ScatterTable, SETS } from "./table";

/** A coloured set of particles, as the scatter shows it. */
export interface ScatterSet {
  name: string;
  /** Any colour of CSS. */
  colour: string;
  /** Shape of its points; default a circle. */
  marker?: Marker;
  /** Ascending particle rows. */
  rows: Uint32Array;
}

/** Categories that are told apart; what is rarer is of one colour. */
const MOST_CATEGORIES = 30;
const OTHERS = "others";
const NO_SET = "in no set";
const GREY = "#8a8a8a";

/** How all particles are coloured. */
export interface ParticleColours {
  colouring: Colouring;
  /** Number of each particle; empty unless numbers colour. */
  numbers: Float32Array;
  /** Category of each particle; empty unless categories or sets colour. */
  codes: Uint16Array;
}

export const noColours = (): ParticleColours => ({
  colouring: { kind: "none" },
  numbers: new Float32Array(0),
  codes: new Uint16Array(0),
});

/** Colours of particles by what `name` names: an axis, a column, the sets; empty for none. */
export function coloursOf(table: ScatterTable, name: string, sets: readonly ScatterSet[]): ParticleColours {
  if (name === "") return noColours();
  if (name === SETS) return coloursOfSets(table.count, sets);
  const column = table.column(name);
  if (column && "categories" in column) return coloursOfCategories(name, column.categories);
  const numbers = table.values(name);
  return {
    ...noColours(),
    colouring: { kind: "number", name, title: table.title(name), ...robustRange(numbers, 0.01) },
    numbers,
  };
}

/** Of a particle in several sets the last one counts, as it would be painted last. */
function coloursOfSets(count: number, sets: readonly ScatterSet[]): ParticleColours {
  const codes = new Uint16Array(count).fill(sets.length);
  sets.forEach(({ rows }, set) => {
    for (let i = 0; i < rows.length; i++) codes[rows[i]!] = set;
  });
  let without = 0;
  for (let i = 0; i < count; i++) if (codes[i] === sets.length) without++;
  const names = distinctLabels([...sets.map(({ name }) => name), NO_SET]);
  const categories: ScatterCategory[] = sets.map(({ colour, marker = "circle", rows }, set) => ({
    name: names[set]!,
    colour,
    marker,
    count: rows.length,
  }));
  categories.push({ name: names[sets.length]!, colour: GREY, marker: "circle", count: without });
  return { ...noColours(), colouring: { kind: "sets", name: SETS, categories }, codes };
}

function coloursOfCategories(name: string, { codes, names }: CategoryColumn): ParticleColours {
  const counts = new Uint32Array(names.length);
  for (let i = 0; i < codes.length; i++) counts[codes[i]!]!++;
  const every = Array.from(names.keys()).filter((code) => counts[code]! > 0);
  const many = every.length > MOST_CATEGORIES;
  const kept = many
    ? new Set([...every].sort((a, b) => counts[b]! - counts[a]! || a - b).slice(0, MOST_CATEGORIES - 1))
    : new Set(every);
  // Those that are kept stay in the column's own order.
  const order = every.filter((code) => kept.has(code));
  const place = new Uint16Array(names.length).fill(order.length);
  order.forEach((code, at) => {
    place[code] = at;
  });
  const categories: ScatterCategory[] = order.map((code, at) => ({
    name: names[code]!,
    colour: categoryColour(at),
    marker: seriesStyle(at).marker,
    count: counts[code]!,
  }));
  if (many) {
    const rest = every.reduce((sum, code) => (kept.has(code) ? sum : sum + counts[code]!), 0);
    categories.push({ name: OTHERS, colour: GREY, marker: "circle", count: rest });
  }
  const labels = distinctLabels(categories.map((category) => category.name));
  return {
    ...noColours(),
    colouring: {
      kind: "category",
      name,
      categories: categories.map((category, at) => ({ ...category, name: labels[at]! })),
    },
    codes: Uint16Array.from(codes, (code) => place[code]!),
  };
}

/** Colours of series; those that come again, with another shape of points, are a little greyer each time. */
export function categoryColour(index: number): string {
  const part = 0.15 * Math.floor(index / setColours.length);
  const { colour } = seriesStyle(index);
  if (part === 0) return colour;
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const mixed = channels.map((value) => Math.round(value + part * (128 - value)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
