import { InputError } from "../../errors";

/**
 * How a page selects particles. Points are coordinates along the shown axes x and y; distances are measured in all
 * dimensions of the latent space, between the latent vectors at these points.
 */
export type SelectRequest = { mode: "replace" | "add" | "subtract" } & (
  | { how: "lasso"; polygon: number[] }
  | { how: "box"; low: number[]; high: number[] }
  /** `radius` is a distance, or a point on the border. */
  | { how: "radius"; centre: number[]; radius: number | number[] }
  | { how: "nearest"; centre: number[]; number: number }
  /** Around the probe. */
  | { how: "latentRadius"; radius: number }
  | { how: "latentNearest"; number: number }
  /** Values along an axis or of a column of numbers; null: no end. */
  | { how: "range"; column: string; low: number | null; high: number | null }
  | { how: "all" | "none" | "invert" }
);

/** Asks for a piece of the table of the shown particles; `version` is that of the first piece. */
export interface CsvRequest {
  kind: "csv";
  /** Which of the shown particles. */
  what: "selected" | "all";
  /** Index of the first row among the exported ones. */
  from: number;
  /** Of the first piece; none for that. */
  version?: number;
}

/** A request of a page. */
export type ScatterRequest =
  | { kind: "select"; request: SelectRequest }
  /** Adds an anchor to the path; null: at the probe. */
  | { kind: "anchor"; at: number[] | null }
  | { kind: "thumbnail"; row: number }
  | CsvRequest;

type Fields = Record<string, unknown>;

function numbers(fields: Fields, key: string, length?: number): number[] {
  const value = fields[key];
  if (
    !Array.isArray(value) ||
    !value.every((x) => typeof x === "number" && Number.isFinite(x)) ||
    (length !== undefined && value.length !== length)
  ) {
    throw new InputError(
      key,
      `${length ?? "finite"} numbers`,
      JSON.stringify(value)?.slice(0, 60) ?? "nothing",
    );
  }
  return value as number[];
}

/** @param fits default any finite number */
function number(fields: Fields, key: string, min: number, fits = Number.isFinite): number {
  const value = fields[key];
  if (typeof value === "number" && value >= min && fits(value)) return value;
  const what = fits === Number.isInteger ? "an integer" : "a number";
  throw new InputError(key, `${what} of ${min} or more`, JSON.stringify(value) ?? "nothing");
}

function oneOf<const C extends string>(fields: Fields, key: string, options: readonly C[]): C {
  const found = options.find((option) => option === fields[key]);
  if (found === undefined) {
    throw new InputError(key, `one of ${options.join(", ")}`, JSON.stringify(fields[key]) ?? "nothing");
  }
  return found;
}

/** Checks a message. @throws InputError for an unknown request and for invalid fields */
export function readRequest(content: Fields): ScatterRequest {
  const kind = oneOf(content, "kind", ["select", "anchor", "thumbnail", "csv"]);
  switch (kind) {
    case "select":
      return { kind, request: readSelect(content) };
    case "anchor":
      return { kind, at: content["at"] === null ? null : numbers(content, "at", 2) };
    case "thumbnail":
      return { kind, row: number(content, "row", 0, Number.isInteger) };
    case "csv":
      return {
        kind,
        what: oneOf(content, "what", ["selected", "all"]),
        from: number(content, "from", 0, Number.isInteger),
        ...(content["version"] !== undefined && { version: number(content, "version", 0, Number.isInteger) }),
      };
  }
}

/** An end of a range; null if it is open. */
function endOf(fields: Fields, key: string): number | null {
  return fields[key] === null ? null : number(fields, key, Number.NEGATIVE_INFINITY);
}

function readSelect(content: Fields): SelectRequest {
  const mode = oneOf(content, "mode", ["replace", "add", "subtract"]);
  const how = oneOf(content, "how", [
    "lasso",
    "box",
    "radius",
    "nearest",
    "latentRadius",
    "latentNearest",
    "range",
    "all",
    "none",
    "invert",
  ]);
  switch (how) {
    case "lasso":
      return { mode, how, polygon: numbers(content, "polygon") };
    case "box":
      return { mode, how, low: numbers(content, "low", 2), high: numbers(content, "high", 2) };
    case "radius":
      return {
        mode,
        how,
        centre: numbers(content, "centre", 2),
        radius: Array.isArray(content["radius"])
          ? numbers(content, "radius", 2)
          : number(content, "radius", 0),
      };
    case "nearest":
      return {
        mode,
        how,
        centre: numbers(content, "centre", 2),
        number: number(content, "number", 1, Number.isInteger),
      };
    case "latentRadius":
      return { mode, how, radius: number(content, "radius", 0) };
    case "latentNearest":
      return { mode, how, number: number(content, "number", 1, Number.isInteger) };
    case "range":
      return {
        ...{ mode, how, column: String(content["column"]) },
        ...{ low: endOf(content, "low"), high: endOf(content, "high") },
      };
    default:
      return { mode, how };
  }
}
