import * as v from "valibot";
import { InputError } from "./errors";
import { describeRange, inRange, type NumberRange } from "./numberRange";

/**
 * Validation of files and options by valibot schemas, whose messages say what is expected. Schemas are kept out of the public
 * declarations, which have to compile in a notebook.
 */

/** A finite number in a range. */
export const numberIn = (range: NumberRange) =>
  v.custom<number>((value) => typeof value === "number" && inRange(value, range), describeRange(range));

/** Non-empty text. */
export const someText = v.pipe(v.string("text"), v.minLength(1, "text"));

/** A non-empty array. */
export const listOf = <S extends v.GenericSchema>(item: S, expected: string) =>
  v.pipe(v.array(item, expected), v.minLength(1, expected));

/**
 * Validates a value.
 * @param where file or argument, for messages
 * @throws InputError for the first place that does not match the schema
 */
export function checked<T>(schema: v.GenericSchema<unknown, T>, value: unknown, where: string): T {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue);
  // Object schemas report a missing key by its quoted name.
  if (issue.type.includes("object") && issue.input === undefined && issue.expected?.startsWith('"')) {
    throw new InputError(where, `the field ${place}`, "none");
  }
  const expected = issue.message.startsWith("Invalid ") ? (issue.expected ?? "another value") : issue.message;
  throw new InputError(place ? `${where}: ${place}` : where, expected, describeValue(issue.input));
}

/** The value of a JSON text. @param where file, for messages. @throws InputError for other text */
export function parsedJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(where, "JSON", text === "" ? "nothing" : JSON.stringify(text.slice(0, 40)));
  }
}

/** A value in a message. */
function describeValue(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "nothing";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
