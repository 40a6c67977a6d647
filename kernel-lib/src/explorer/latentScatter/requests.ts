import { InputError } from "../../errors";

/**
 * What the page may ask of a scatter. Places are coordinates along the shown axes x and y; distances are always those in
 * the latent space, over all of its dimensions, between the latent vectors that the places stand for.
 */
export type SelectRequest = { mode: "replace" | "add" | "subtract" } & (
  | { how: "lasso"; polygon: number[] }
  | { how: "box"; low: number[]; high: number[] }
  /** `radius` is a distance, or the place that is to lie on the border. */
  | { how: "radius"; centre: number[]; radius: number | number[] }
  | { how: "nearest"; centre: number[]; number: number }
  /** Around the probe. */
  | { how: "latentRadius"; radius: number }
  | { how: "latentNearest"; number: number }
  | { how: "all" | "none" | "invert" }
);

export type ScatterRequest =
  | { kind: "select"; request: SelectRequest }
  | { kind: "anchor"; at: number[] | null }
  | { kind: "thumbnail"; row: number }
  /** A piece of the table of the particles that are shown; `version` is that of the first piece. */
  | { kind: "csv"; what: "selected" | "all"; from: number; version?: number };

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

function number(fields: Fields, key: string, least: number, whole: boolean): number {
  const value = fields[key];
  if (
    typeof value !== "number" ||
    !(value >= least) ||
    !Number.isFinite(value) ||
    (whole && !Number.isInteger(value))
  ) {
    throw new InputError(
      key,
      `${whole ? "a whole number" : "a number"} of ${least} or more`,
      JSON.stringify(value) ?? "nothing",
    );
  }
  return value;
}

function oneOf<const C extends string>(fields: Fields, key: string, options: readonly C[]): C {
  const found = options.find((option) => option === fields[key]);
  if (found === undefined) {
    throw new InputError(key, `one of ${options.join(", ")}`, JSON.stringify(fields[key]) ?? "nothing");
  }
  return found;
}

/** @throws InputError for a message that asks for nothing known, or wrongly */
export function readRequest(content: Fields): ScatterRequest {
  const kind = oneOf(content, "kind", ["select", "anchor", "thumbnail", "csv"]);
  switch (kind) {
    case "select":
      return { kind, request: readSelect(content) };
    case "anchor":
      return { kind, at: content["at"] === null ? null : numbers(content, "at", 2) };
    case "thumbnail":
      return { kind, row: number(content, "row", 0, true) };
    case "csv":
      return {
        kind,
        what: oneOf(content, "what", ["selected", "all"]),
        from: number(content, "from", 0, true),
        ...(content["version"] !== undefined && { version: number(content, "version", 0, true) }),
      };
  }
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
          : number(content, "radius", 0, false),
      };
    case "nearest":
      return {
        mode,
        how,
        centre: numbers(content, "centre", 2),
        number: number(content, "number", 1, true),
      };
    case "latentRadius":
      return { mode, how, radius: number(content, "radius", 0, false) };
    case "latentNearest":
      return { mode, how, number: number(content, "number", 1, true) };
    default:
      return { mode, how };
  }
}
