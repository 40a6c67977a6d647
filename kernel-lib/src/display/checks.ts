import { InputError } from "../errors";

/** A number for each particle, with its name. */
export interface Column {
  /** For axes, legends and errors, with the unit: `z1`, `RMSD (Å)`. */
  label: string;
  /** [n], one for each particle. */
  values: ArrayLike<number>;
}

/** @throws InputError unless there is at least one number and all are finite. @param name what errors call them */
export function checkNumbers(name: string, values: ArrayLike<number>): void {
  if (values.length === 0) throw new InputError(name, "at least one number to draw", "none");
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new InputError(`${name}: value ${i + 1}`, "a finite number", String(values[i]));
    }
  }
}

/** @throws InputError if two columns differ in length */
export function checkSameLength(name: string, length: number, otherName: string, otherLength: number): void {
  if (length !== otherLength) {
    throw new InputError(otherName, `${length} values, as many as ${name}`, String(otherLength));
  }
}

/** Makes labels unique by appending numbers, `map`, `map (2)`: series with the same label would be drawn as one. */
export function distinctLabels(labels: readonly string[]): string[] {
  const used = new Set<string>();
  return labels.map((label) => {
    let unique = label;
    for (let n = 2; used.has(unique); n++) unique = `${label} (${n})`;
    used.add(unique);
    return unique;
  });
}

/** A number with three significant digits, above 1,000 with six; with an exponent only below 0.001 and from 10⁶. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(size >= 1000 ? 6 : 3)));
}
