import type { Random } from "../../random";
import type { Nuisance } from "./nuisance";

/** Groups of fewer particles than this are drawn whole: a few particles of each would say nothing about it. */
const smallGroup = 50;

/**
 * Rows to test, ascending: at most about `most`, drawn at random. Groups of one particle are left out.
 * @param rows whose value is known
 */
export function drawRows(nuisance: Nuisance, rows: Int32Array, most: number, random: Random): Int32Array {
  if (nuisance.kind !== "groups") return drawn(rows, most, random);
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    const own = groups.get(nuisance.values[row]!);
    if (own) own.push(row);
    else groups.set(nuisance.values[row]!, [row]);
  }
  const several = [...groups.values()].filter((members) => members.length > 1);
  const all = Int32Array.from(several.flat()).sort();
  if (all.length <= most) return all;
  const inSample = (smallGroup * several.length) / most;
  if (inSample < 1) return drawn(all, most, random);
  const whole: number[] = [];
  for (const at of random.permutation(several.length)) {
    if (whole.length >= most) break;
    for (const row of several[at]!) whole.push(row);
  }
  return Int32Array.from(whole).sort();
}

function drawn(rows: Int32Array, most: number, random: Random): Int32Array {
  if (rows.length <= most) return rows;
  return random
    .permutation(rows.length)
    .subarray(0, most)
    .map((at) => rows[at]!)
    .sort();
}
