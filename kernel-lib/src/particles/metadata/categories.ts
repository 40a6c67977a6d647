import type { Categories } from "./metadata";

/** The categories of `count` rows, in the order of their first occurrence. */
export function categoriesOf(count: number, word: (i: number) => string): Categories {
  const known = new Map<string, number>();
  const codes = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const name = word(i);
    const code = known.get(name) ?? known.size;
    known.set(name, code);
    codes[i] = code;
  }
  return { codes, names: [...known.keys()] };
}
