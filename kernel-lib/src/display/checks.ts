import { InputError } from "../errors";

/** Numbers with the name that axes, legends and errors call them by, units included: `z1`, `RMSD (Å)`. */
export interface Column {
  label: string;
  values: ArrayLike<number>;
}

/** @throws InputError unless there is at least one number, and all are finite. `name` says what they are. */
export function checkNumbers(name: string, values: ArrayLike<number>): void {
  if (values.length === 0) throw new InputError(name, "at least one number to draw", "none");
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new InputError(`${name}: value ${i + 1}`, "a finite number", String(values[i]));
    }
  }
}

/** @throws InputError unless two columns belong to the same rows. */
export function checkSameLength(name: string, length: number, otherName: string, otherLength: number): void {
  if (length !== otherLength) {
    throw new InputError(otherName, `${length} values, as many as ${name}`, String(otherLength));
  }
}

/** Labels made different from each other, since what has the same label is drawn as one: `map`, `map (2)`. */
export function distinctLabels(labels: readonly string[]): string[] {
  const used = new Set<string>();
  return labels.map((label) => {
    let unique = label;
    for (let n = 2; used.has(unique); n++) unique = `${label} (${n})`;
    used.add(unique);
    return unique;
  });
}

/** A text of at most `maxLength` characters; a longer one ends in an ellipsis. */
export function shorten(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}

/** Three significant digits, without exponent where the number is of everyday size. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(size >= 1000 ? 6 : 3)));
}
