import type { ParticleSet } from "../../particles/particleSet";
import { endsDefocusSearch, type FittedFactor } from "./defocusFit";
import type { Misfit } from "./misfit";
import { endsSearch } from "./modelScale";

/** Sentences about pixel sizes and defocus that do not fit. */

/** Standard errors from which a factor differs from 1. */
const significant = 5;
/** Relative deviations that are reported. CTF fits of good micrographs agree to about a percent. */
const leastScale = 0.003;
const leastDefocus = 0.01;

/**
 * What the size of the model and the defocus of the particles say about the files.
 * @param files particles, and file of the model
 * @param why   why they cannot tell. Default: they can
 */
export function opticsSentences(
  { scale, defocus }: Misfit,
  { set, model }: { set: ParticleSet; model: string },
  why?: string,
): string[] {
  const sentences: string[] = [];
  const different = [
    ...(scale && differs(scale, leastScale) ? ["pixel size"] : []),
    ...(defocus && differs(defocus, leastDefocus) ? ["defocus"] : []),
  ].join(" and ");
  if (different !== "" && why !== undefined) {
    return [
      `whether the ${different} of ${set.file} is right cannot be told, since ${why}: see to that first`,
    ];
  }
  const asFar = "as far as was searched, so what would fit cannot be told";
  if (scale && differs(scale, leastScale) && endsSearch(scale)) {
    return [
      `the particles fit best to ${model} ${percentOf(scale)} ${scale.by > 1 ? "larger" : "smaller"} or still more, ${asFar}: check the pixel ` +
        `sizes of map and particles, and whether the poses of ${set.file} belong to this map`,
    ];
  }
  if (defocus && differs(defocus, leastDefocus) && endsDefocusSearch(defocus)) {
    return [
      `the particles fit best to a defocus ${percentOf(defocus)} ${defocus.by > 1 ? "larger" : "smaller"} than that of ${set.file} or still ` +
        `more, ${asFar}: estimate the CTFs again, and check pixel sizes and poses`,
    ];
  }
  if (scale && differs(scale, leastScale)) {
    sentences.push(
      `the particles fit best to ${model} ${percentOf(scale)} ${scale.by > 1 ? "larger" : "smaller"}: check the pixel sizes of map and ` +
        `particles (${(set.apix / scale.by).toFixed(4)} Å instead of ${Number(set.apix.toFixed(4))} Å for the particles would fit)`,
    );
  }
  if (defocus && differs(defocus, leastDefocus)) {
    const pixel = set.apix / Math.sqrt(defocus.by);
    sentences.push(
      `the particles fit best to a defocus ${percentOf(defocus)} ${defocus.by > 1 ? "larger" : "smaller"} than that of ${set.file}, or, ` +
        `where map and particles share their pixel size, to one of ${pixel.toFixed(4)} Å instead of ${Number(set.apix.toFixed(4))} Å: ` +
        "check the magnification, and estimate the CTFs again",
    );
  }
  return sentences;
}

function differs({ by, standardError }: FittedFactor, least: number): boolean {
  const excess = Math.abs(by - 1);
  return excess >= least && excess > significant * standardError;
}

/** Deviation of a factor from 1 with its standard error, such as `1.0 ± 0.1 %`. */
function percentOf({ by, standardError }: FittedFactor): string {
  return `${(100 * Math.abs(by - 1)).toFixed(1)} ± ${(100 * standardError).toFixed(1)} %`;
}
