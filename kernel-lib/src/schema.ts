import * as v from "valibot";
import { InputError } from "./errors";
import { describeRange, inRange, type NumberRange } from "./numberRange";

/**
 * What is read from files and callers is checked against schemas; the message of each schema says what is expected, and
 * {@link checked} turns the first that does not hold into an {@link InputError}. Schemas stay out of the package's public
 * declarations, which have to compile in a notebook.
 */

/** A finite number in a range; booleans and text are none. */
export const numberIn = (range: NumberRange) =>
  v.custom<number>((value) => typeof value === "number" && inRange(value, range), describeRange(range));

/** Text with something in it. */
export const someText = v.pipe(v.string("text"), v.minLength(1, "text"));

/** A list with at least one item. */
export const listOf = <S extends v.GenericSchema>(item: S, expected: string) =>
  v.pipe(v.array(item, expected), v.minLength(1, expected));

/** @throws InputError that names `where`, the place in the value, what is expected there and what is found */
export function checked<T>(schema: v.GenericSchema<unknown, T>, value: unknown, where: string): T {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue);
  // A schema for an object reports a key that is not there by its name in quotes.
  if (issue.type.includes("object") && issue.input === undefined && issue.expected?.startsWith('"')) {
    throw new InputError(where, `the field ${place}`, "none");
  }
  const expected = issue.message.startsWith("Invalid ") ? (issue.expected ?? "another value") : issue.message;
  throw new InputError(place ? `${where}: ${place}` : where, expected, describeValue(issue.input));
}

/** A value as an error shows it. */
function describeValue(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "nothing";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
