/** A range of allowed numbers; numbers must always be finite. */
export interface NumberRange {
  /** The number and its unit, for messages. Default `an integer` or `a number`. */
  expected?: string;
  /** Only integers. Default false. */
  integer?: boolean;
  /** Inclusive lower bound. */
  least?: number;
  /** Exclusive lower bound. */
  above?: number;
  /** Exclusive upper bound. */
  below?: number;
}

/** Whether a number is finite and in the range. */
export function inRange(value: number, { integer, least, above, below }: NumberRange): boolean {
  return (
    Number.isFinite(value) &&
    !(integer && !Number.isSafeInteger(value)) &&
    !(least !== undefined && value < least) &&
    !(above !== undefined && value <= above) &&
    !(below !== undefined && value >= below)
  );
}

/** A range for messages, such as `an integer from 1 to 16`. */
export function describeRange({ expected, integer, least, above, below }: NumberRange): string {
  const what = expected ?? (integer ? "an integer" : "a number");
  if (least !== undefined && below !== undefined) {
    return integer ? `${what} from ${least} to ${below - 1}` : `${what} from ${least} to below ${below}`;
  }
  const bounds = [
    above !== undefined && `above ${above}`,
    least !== undefined && `of ${least} or more`,
    below !== undefined && `below ${below}`,
  ].filter(Boolean);
  return [what, bounds.join(" and ")].filter(Boolean).join(" ");
}
