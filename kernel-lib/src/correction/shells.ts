import { shellRadii } from "../fourier/shellRadii";

/** The shell, |k| rounded, of each sample of the half transform of a cubic map. */
export function shellNumbers(n: number): Int32Array {
  return Int32Array.from(shellRadii([n, n, n]), Math.round);
}
