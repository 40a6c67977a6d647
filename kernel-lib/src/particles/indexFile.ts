import { InputError } from "../errors";
import { readNumpyArray } from "../formats/numpyArray";
import { arraysIn, readPickle } from "../formats/pickle";
import { readLines } from "../formats/textLines";

/**
 * Reads particle indices, counted from 0, from a text file, one or more per line, or an array of them, a `.npy` file or a pickle
 * (`.pkl`), such as cryoDRGN's `filtered.ind.pkl`.
 * @throws InputError for an entry that is no index below `count` or is repeated, and for an empty list
 */
export async function readIndices(file: string, count: number): Promise<Int32Array> {
  const seen = new Set<number>();
  for await (const { word, where } of wordsOf(file)) {
    const index = /^\d+$/.test(word) ? Number(word) : Number.NaN;
    if (!(index < count)) {
      throw new InputError(where, `a particle index from 0 to ${count - 1}`, `"${word}"`);
    }
    if (seen.has(index)) throw new InputError(where, "every particle once", `${index} again`);
    seen.add(index);
  }
  if (seen.size === 0) throw new InputError(file, "at least one particle index", "none");
  return Int32Array.from(seen);
}

/** The numbers of a file, and where each is. */
async function* wordsOf(file: string): AsyncGenerator<{ word: string; where: string }> {
  const kind = /\.(npy|pkl|pickle)$/i.exec(file)?.[1]?.toLowerCase();
  if (kind === undefined) {
    for (const { text, where } of await readLines(file)) {
      for (const word of text.split(/[\s,]+/)) if (word !== "") yield { word, where };
    }
    return;
  }
  const arrays = kind === "npy" ? [await readNumpyArray(file)] : arraysIn(await readPickle(file));
  const [array, ...more] = arrays;
  if (!array || more.length > 0 || array.shape.length !== 1) {
    const found = arrays.map(({ shape }) => shape.join(" × ")).join(", ") || "none";
    throw new InputError(file, "one array of indices", found);
  }
  for (const [i, value] of array.values.entries())
    yield { word: String(value), where: `${file}: number ${i}` };
}
