import * as v from "valibot";
import { numberIn, someText } from "../../schema";

/** The run that a second round started from. */
export interface Lineage {
  /** Its folder then, an absolute path. Nothing is read from it any more. */
  run: string;
  /** When its training began. */
  started: string;
  /** Checksum of its record. */
  checksum?: string;
  /** What became of its axes. */
  axes: InheritedAxes;
  /** Axes of it that are the first of this run, as they were or after more training: all, or none. */
  inherited: number;
  /** The particles that were selected, if not all of it. */
  selection?: {
    /** Their number, and that of the particles of the run. */
    count: number;
    of: number;
    /** The file that lists them, an absolute path, with its SHA-256; undefined if they were given as numbers. */
    file?: string;
    sha256?: string;
  };
}

/** What a second round does with the axes of the first; see `StartingRun`. */
export type InheritedAxes = "fixed" | "kept" | "drop";

/** Values of {@link InheritedAxes}. */
export const inheritedAxes = ["fixed", "kept", "drop"] as const satisfies readonly InheritedAxes[];

/** Axes of a run that are those of the run it started from, and did not change. */
export function fixedAxesOf({ from }: { from?: Lineage | undefined }): number {
  return from?.axes === "fixed" ? from.inherited : 0;
}

/** Axes of a run that are those of the run it started from, and went on in its training. */
export function keptAxesOf({ from }: { from?: Lineage | undefined }): number {
  return from?.axes === "kept" ? from.inherited : 0;
}

/** A checksum. */
export const sha256 = v.pipe(
  v.string("64 hexadecimal digits"),
  v.regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits"),
);
/** A time, ISO 8601. */
export const instant = v.pipe(
  v.string("a date"),
  v.check((text) => Number.isFinite(Date.parse(text)), "a date"),
);
const positive = numberIn({ integer: true, least: 1 });

/** Format of a {@link Lineage} in `run.json`. */
export const lineage = v.looseObject({
  run: someText,
  started: instant,
  checksum: v.optional(sha256),
  axes: v.picklist(inheritedAxes, inheritedAxes.join(" or ")),
  inherited: numberIn({ integer: true, least: 0 }),
  selection: v.optional(
    v.looseObject({
      count: positive,
      of: positive,
      file: v.optional(someText),
      sha256: v.optional(sha256),
    }),
  ),
});
