import { InputError } from "../../errors";
import { roundedText } from "../../shortText";
import { type Quantity, type QuantityName, quantities } from "./quantities";

/** A column of a particle file or of its optics to be checked. */
export interface CheckedColumn {
  /** What it holds. */
  quantity: QuantityName;
  /** In the units of the library, `width` numbers per row. */
  values: ArrayLike<number>;
  /** Numbers per row. Default 1. */
  width?: number;
  /** File, row and column of a row, for messages. */
  where: (row: number) => string;
  /** Converts a value of the library to that in the file. Default: no conversion. */
  inFile?: (value: number) => number;
  /** Unit in the file. Default: that of {@link quantities}. */
  unit?: string;
  /** Phase shift of each row in degrees, which selects the limits for a phase plate. */
  phaseShift?: ArrayLike<number> | undefined;
}

/** Degrees of phase shift from which a particle counts as recorded with a phase plate. */
const minPhasePlateShift = 5;

/**
 * Checks every number of CTF, optics and poses against the limits of its quantity.
 * @throws InputError for the first that is not finite or outside its limits
 */
export function checkMetadata(columns: Iterable<CheckedColumn>): void {
  for (const column of columns) {
    const quantity: Quantity = quantities[column.quantity];
    const { values, width = 1, phaseShift } = column;
    const { withPhasePlate: wider } = quantity;
    for (let i = firstOutside(values, quantity, 0); i < values.length; ) {
      const row = Math.floor(i / width);
      const ofPhasePlate = Math.abs(phaseShift?.[row] ?? 0) >= minPhasePlateShift;
      if (!ofPhasePlate || !wider || !(values[i]! >= wider.least && values[i]! <= wider.most)) {
        refuse(column, quantity, row, values[i]!);
      }
      i = firstOutside(values, quantity, i + 1);
    }
  }
}

/** Index of the first value from `start` on that is not allowed, or the length. A separate function for speed. */
function firstOutside(
  values: ArrayLike<number>,
  { least, most, except, integer }: Quantity,
  start: number,
): number {
  const { length } = values;
  const [from, to] = except ? [except.from, except.to] : [0, 0];
  for (let i = start; i < length; i++) {
    const value = values[i]!;
    // NaN fails the comparison.
    if (!(value >= least && value <= most) || (value > from && value < to)) return i;
    if (integer && !Number.isInteger(value)) return i;
  }
  return length;
}

function refuse(column: CheckedColumn, quantity: Quantity, row: number, value: number): never {
  if (!Number.isFinite(value)) throw new InputError(column.where(row), "a finite number", String(value));
  const { inFile = (x: number) => x } = column;
  const { name, least, most, hint } = quantity;
  const unit = column.unit ?? quantity.unit;
  const limits = `${number(inFile(least))} to ${number(inFile(most))}${unit ? ` ${unit}` : ""}`;
  const why = hint?.(value);
  throw new InputError(
    column.where(row),
    hasTwoValues(quantity)
      ? `${name}, ${inFile(least)} or ${inFile(most)}`
      : `${name} of ${limits}${quantity.integer ? ", a whole number" : ""}`,
    `${number(inFile(value))}${why ? ` (${why})` : ""}`,
  );
}

function hasTwoValues({ integer, except, least, most }: Quantity): boolean {
  return except ? except.from === least && except.to === most : integer === true && most - least === 1;
}

function number(value: number): string {
  if (Math.abs(value) >= 1000 && Math.abs(value) < 1e15)
    return value.toLocaleString("en", { maximumFractionDigits: 3 });
  return roundedText(value, 6);
}
