import { InputError } from "../../errors";
import type { TaskOptions } from "../../progress";
import { gatherColumns } from "../batches";
import { HalfTest, type HalfTestContext } from "../evidence/halfTest";
import { type Population, spreadOf, startingPlaces } from "../evidence/population";
import { agreementOfHalves } from "../evidence/scatter";
import { type PlaceDecoder, someAxes } from "../posterior/decoders";
import { atTerms, fittedCoefficients, type MeasuredNumbers, type Terms } from "./normalEquations";
import type { OtherHalf } from "./otherHalf";

/** Axes on which the places from the two halves of an image are less correlated than this tell nothing. */
const leastAgreement = 0.1;
/** The same in standard errors. */
const leastErrors = 4;
const startsPerAxis = 4;
const mostIterations = 5;
/** Changes of places that no longer count, in standard deviations of the population. */
const smallChange = 0.01;

/** Places of particles from one half of each image, and what the other half says about them. */
export interface HalfPlaces {
  /** The axes that the images tell, ascending. */
  axes: number[];
  /** The decoder of these axes, the others at 0. */
  decoder: PlaceDecoder;
  /** For each half the places from it, [n · axes]. */
  inferred: readonly Float32Array[];
  /** What the other half says about them, measured where it confirms them. */
  confirmed: readonly MeasuredNumbers[];
}

/**
 * Infers the place of each particle from one half of its samples, on the axes on which the halves agree, and measures it in the
 * other.
 * @throws InputError if there is no such axis
 */
export async function halfPlaces(
  context: HalfTestContext,
  { decoder, population, other }: { decoder: PlaceDecoder; population: Population; other: OtherHalf },
  options: TaskOptions,
): Promise<HalfPlaces> {
  const test = new HalfTest(context);
  const { latent } = decoder;
  const places = startingPlaces(population, startsPerAxis * Math.min(3, latent));
  const found = await test.infer(
    { decoder, deviations: spreadOf(population).deviation, start: { places } },
    options,
  );
  const agreement = agreementOfHalves(found);
  const least = Math.max(leastAgreement, leastErrors / Math.sqrt(context.particles.length));
  const axes = Array.from(agreement.keys()).filter((d) => agreement[d]! > least);
  if (axes.length === 0) {
    const values = Array.from(agreement, (r) => r.toFixed(2)).join(", ");
    throw new InputError(
      "latent space",
      `an axis on which places from two halves of an image agree (correlation above ${least.toFixed(2)})`,
      `correlations of ${values}`,
    );
  }
  const own = someAxes(decoder, axes, new Float32Array(latent));
  const inferred = found.halves.map(({ mean }) => gatherColumns(mean, latent, axes));
  let measured: HalfPlaces = { axes, decoder: own, inferred, confirmed: [] };
  let at = inferred;
  // Parabolas hold nearby: they are measured anew where they say that the particles are.
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    const confirmed: MeasuredNumbers[] = [];
    for (const [half, points] of at.entries()) {
      confirmed.push(await other.measure(own, { from: half, points }, options));
    }
    measured = { ...measured, confirmed };
    const next = expectedPlaces(measured);
    const change = largestChange(at, next);
    at = next;
    if (change < smallChange) break;
  }
  return measured;
}

/** Root mean square change of the places, of the half where it is larger. */
function largestChange(before: readonly Float32Array[], after: readonly Float32Array[]): number {
  const squares = before.map((points, half) =>
    points.reduce((sum, x, i) => sum + (x - after[half]![i]!) ** 2, 0),
  );
  return Math.max(...squares.map((sum, half) => Math.sqrt(sum / before[half]!.length)));
}

/**
 * The places to expect of the particles, [n · axes] for each half: a linear function of those inferred from one half, which the other
 * half confirms. Prior and noise pull what is inferred towards the middle; its noise is not in the other half.
 * @param takes particles from which the function is fitted
 */
export function expectedPlaces(
  { inferred, confirmed }: Pick<HalfPlaces, "inferred" | "confirmed">,
  takes?: (particle: number) => boolean,
): Float32Array[] {
  const { width } = confirmed[0]!;
  const terms = inferred.map((points) => linearTerms(points, width));
  const coefficients = fittedCoefficients(
    confirmed.map((numbers, half) => [numbers, terms[half]!] as const),
    takes,
  );
  return terms.map(({ values, count }) => {
    const expected = new Float32Array((values.length / count) * width);
    for (let i = 0; i * count < values.length; i++) {
      expected.set(atTerms(coefficients, values.subarray(i * count, (i + 1) * count), width), i * width);
    }
    return expected;
  });
}

function linearTerms(points: Float32Array, width: number): Terms {
  const count = width + 1;
  const values = new Float64Array((points.length / width) * count);
  for (let i = 0; i * width < points.length; i++) {
    values[i * count] = 1;
    values.set(points.subarray(i * width, (i + 1) * width), i * count + 1);
  }
  return { values, count };
}
